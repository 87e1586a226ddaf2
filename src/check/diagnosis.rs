//! What is said when a check does not hold.

use crate::timeline::{Recording, Section};
use anyhow::Result;
use std::fmt;

/// What was seen, what was expected, and what that usually means; with a picture of
/// the run where there is one.
#[derive(Clone, Debug)]
pub struct Diagnosis {
    words: String,
    picture: Option<Section>,
    kind: Kind,
}

/// What follows from a diagnosis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing more.
    Plain,
    /// A busy machine alone could be the cause: seen again, it is believed.
    MayBeNoise,
    /// The exercise is not written yet: other checks would say the same.
    Unwritten,
}

impl Diagnosis {
    /// A diagnosis without a picture.
    pub fn new(words: impl Into<String>) -> Self {
        Self { words: words.into(), picture: None, kind: Kind::Plain }
    }

    /// What is said of any error that a check returns: one that is no diagnosis comes
    /// from the learner's code, and was not expected there.
    pub(super) fn of(error: anyhow::Error) -> Self {
        error.downcast().unwrap_or_else(|error| {
            Self::new(format!("an error where none was expected: {error:#}."))
        })
    }

    /// Adds the picture of a run, if anything was recorded in it.
    pub fn with_picture(mut self, section: Section) -> Self {
        self.picture = (!section.rows.is_empty()).then_some(section);
        self
    }

    pub(super) fn picture(&self) -> Option<&Section> {
        self.picture.as_ref()
    }

    pub(super) fn of_kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    pub(super) fn is(&self, kind: Kind) -> bool {
        self.kind == kind
    }

    /// Adds what went wrong before.
    pub(super) fn after(mut self, cause: &Self) -> Self {
        self.words += &format!("\nBefore that, {}", cause.words);
        self
    }

    /// Adds with which seed it was seen.
    pub(super) fn with_seed(mut self, seed: u64) -> Self {
        self.words += &format!(
            "\nThis is so with seed {seed}; `--seed {seed}` tries that one alone."
        );
        self
    }

    /// The words, and the picture at most `columns` wide.
    pub fn draw(&self, columns: usize, color: bool) -> String {
        let mut text = wrapped(&capitalized(&self.words), columns);
        if let Some(section) = &self.picture {
            let recording = Recording { sections: vec![section.clone()] };
            text =
                format!("{text}\n\n{}", recording.draw(columns, color).trim_end());
        }
        text
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl std::error::Error for Diagnosis {}

/// `text` as the beginning of a sentence.
fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|first| first.to_uppercase());
    first.into_iter().flatten().chain(chars).collect()
}

/// `text` with each line broken between words where it is longer than `columns`.
fn wrapped(text: &str, columns: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        lines.push(String::new());
        for word in line.split(' ') {
            // There is a last line: it was pushed just now, or below.
            let Some(last) = lines.last_mut() else { continue };
            let longer = last.chars().count() + 1 + word.chars().count() > columns;
            if !last.is_empty() && longer {
                lines.push(word.to_owned());
            } else {
                let space = if last.is_empty() { "" } else { " " };
                *last += &format!("{space}{word}");
            }
        }
    }
    lines.join("\n")
}

/// Holds, or else fails with these words.
///
/// ```
/// use async_workbook::check;
///
/// assert!(check::that(2 > 1, "never said").is_ok());
/// assert_eq!(check::that(1 > 2, "1 is less").unwrap_err().to_string(), "1 is less");
/// ```
///
/// # Errors
/// When `holds` is false: a [`Diagnosis`].
pub fn that(holds: bool, otherwise: impl Into<String>) -> Result<()> {
    if holds { Ok(()) } else { Err(Diagnosis::new(otherwise).into()) }
}

/// Adds to a diagnosis what a learner most likely did, where that can be told.
///
/// ```
/// use async_workbook::check;
///
/// let slow = check::that(false, "it took 300 ms.");
/// let told = check::explain(slow, Some("There is an `.await` in the loop."));
/// let words = "it took 300 ms.\nThere is an `.await` in the loop.";
/// assert_eq!(told.unwrap_err().to_string(), words);
/// ```
///
/// # Errors
/// Those of `result`, with one line more if it was a [`Diagnosis`].
pub fn explain<T>(result: Result<T>, why: Option<&str>) -> Result<T> {
    result.map_err(|error| match (error.downcast::<Diagnosis>(), why) {
        (Ok(mut diagnosis), Some(why)) => {
            diagnosis.words += &format!("\n{why}");
            diagnosis.into()
        }
        (Ok(diagnosis), None) => diagnosis.into(),
        (Err(error), _) => error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_wrapped_at_spaces() {
        assert_eq!(wrapped("one two three\nfour", 7), "one two\nthree\nfour");
        assert_eq!(wrapped("breakfast at ten", 4), "breakfast\nat\nten");
        assert_eq!(wrapped("", 4), "");
    }
}
