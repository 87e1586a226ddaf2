//! The explanation of a failed check.

use std::fmt;

use anyhow::Result;

use crate::text;
use crate::timeline::{Recording, Section};

/// The most characters of a message that are shown.
const MAX_MESSAGE: usize = 4000;

/// The error of a failed check: what happened, what was expected, and what that
/// usually means; with a timeline of the run if there is one.
#[derive(Clone, Debug)]
pub struct Diagnosis {
    message: String,
    picture: Option<Box<Section>>,
    /// The seed of the random values that the check has used.
    values_seed: Option<u64>,
    kind: Kind,
}

/// The kind of a diagnosis, which decides how it is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Report it.
    Plain,
    /// A busy machine could be the cause: report it only if it happens repeatedly.
    MayBeNoise,
    /// Report it and skip the other checks: the exercise is not implemented yet.
    Unwritten,
}

impl Diagnosis {
    /// Creates a diagnosis without a picture.
    pub fn new(message: impl Into<String>) -> Self {
        let message = message.into();
        Self { message, picture: None, values_seed: None, kind: Kind::Plain }
    }

    /// Converts the error of a check. An error that is not a diagnosis comes from
    /// the learner's code, where the check did not expect one.
    pub(super) fn of(error: anyhow::Error) -> Self {
        error.downcast().unwrap_or_else(|error| {
            Self::new(format!("unexpected error: {error:#}."))
        })
    }

    /// Adds the picture of a run, unless nothing was recorded in it. Spans of the same
    /// name are numbered.
    pub fn with_picture(mut self, mut section: Section) -> Self {
        number(&mut section);
        self.picture = (!section.rows.is_empty()).then(|| Box::new(section));
        self
    }

    pub(super) fn picture(&self) -> Option<&Section> {
        self.picture.as_deref()
    }

    pub(super) fn of_kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    pub(super) fn is(&self, kind: Kind) -> bool {
        self.kind == kind
    }

    /// Puts a description of the circumstances in front of the message.
    pub(super) fn preceded_by(mut self, when: &str) -> Self {
        self.message = format!("{when}: {}", self.message);
        self
    }

    /// Adds an earlier failure.
    pub(super) fn after(mut self, cause: &Self) -> Self {
        self.message += &format!("\nBefore that, {}", cause.message);
        self
    }

    /// Adds the seed with which the check failed.
    pub(super) fn with_seed(mut self, seed: u64) -> Self {
        self.message += &format!(
            "\nThis happens with seed {seed}; `--seed {seed}` runs only that one."
        );
        self
    }

    /// Adds the seed of the random values that the check has used.
    pub(super) fn with_values_seed(mut self, seed: u64) -> Self {
        self.values_seed = Some(seed);
        self
    }

    /// Leaves out what the diagnoses of earlier checks have: the seed of the random
    /// values, the picture of the same run, and the same message, if it is long.
    pub(super) fn without_repeats(mut self, earlier: &[(String, Self)]) -> Self {
        let diagnoses = || earlier.iter().map(|(_, diagnosis)| diagnosis);
        let seed_shown = diagnoses().any(|earlier| earlier.values_seed.is_some());
        self.values_seed = self.values_seed.filter(|_| !seed_shown);
        let shown = |picture: &Section| {
            diagnoses().any(|earlier| earlier.picture() == Some(picture))
        };
        self.picture = self.picture.filter(|picture| !shown(picture));
        // Two measured times may be equal or not.
        let is_long = self.message.len() > 76 && !self.is(Kind::MayBeNoise);
        let same = earlier.iter().find(|(_, it)| it.message == self.message);
        if let Some((check, _)) = same.filter(|_| is_long) {
            self.message = format!("the same as for the check \"{check}\".");
        }
        self
    }

    /// Formats the text and the picture, at most `columns` wide. Shortens a long text:
    /// it may contain a value of the learner's code.
    pub fn render(&self, columns: usize, color: bool) -> String {
        let message = shorten(&text::capitalize(&self.to_string()));
        let mut diagnosis = text::wrap(&message, "", columns);
        if let Some(section) = &self.picture {
            let recording = Recording { sections: vec![(**section).clone()] };
            let picture = recording.draw(columns, color);
            diagnosis = format!("{diagnosis}\n\n{}", picture.trim_end());
        }
        diagnosis
    }
}

/// Numbers the spans of a section that have the same name.
fn number(section: &mut Section) {
    let labels: Vec<_> = section.rows.iter().map(|row| row.label.clone()).collect();
    let count = |labels: &[String], label: &String| {
        labels.iter().filter(|other| *other == label).count()
    };
    for (index, (row, label)) in section.rows.iter_mut().zip(&labels).enumerate() {
        if count(&labels, label) > 1 {
            row.label = format!("{label} #{}", count(&labels[..=index], label));
        }
    }
}

/// Leaves out the middle of a text of more than [`MAX_MESSAGE`] characters: causes and
/// seeds are at its end.
fn shorten(text: &str) -> String {
    let starts: Vec<_> = text.char_indices().map(|(start, _)| start).collect();
    let Some(omitted) = starts.len().checked_sub(MAX_MESSAGE).filter(|&n| n > 0)
    else {
        return text.to_owned();
    };
    let [from, to] = [MAX_MESSAGE / 2, MAX_MESSAGE / 2 + omitted];
    let omitted = text::count(omitted as u64, "character");
    let (head, tail) = (&text[..starts[from]], &text[starts[to]..]);
    format!("{head} ... {omitted} left out ... {tail}")
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match self.values_seed {
            Some(seed) => write!(
                f,
                "\nThe test values are random; `--seed {seed}` reproduces them."
            ),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Diagnosis {}

/// Adds causes to the [`Diagnosis`] of a check that failed.
///
/// ```
/// use async_workbook::check::{self, Explain};
///
/// let (took, in_turn) = (300, true);
/// let slow = check::that(took == 100, format!("it took {took} ms."))
///     .when(in_turn, "There is an `.await` in the loop.")
///     .when(took > 1000, "A timeout expired.");
/// let message = "it took 300 ms.\nThere is an `.await` in the loop.";
/// assert_eq!(slow.unwrap_err().to_string(), message);
/// ```
pub trait Explain: Sized {
    /// Adds each cause in a line of its own: an `Option`, or a list.
    ///
    /// It changes nothing if the result is `Ok`, or an error of another type.
    #[must_use]
    fn because<C: AsRef<str>>(self, causes: impl IntoIterator<Item = C>) -> Self;

    /// Adds the cause if it was seen.
    #[must_use]
    fn when(self, seen: bool, cause: impl AsRef<str>) -> Self {
        self.because(seen.then_some(cause))
    }
}

impl<T> Explain for Result<T> {
    fn because<C: AsRef<str>>(self, causes: impl IntoIterator<Item = C>) -> Self {
        self.map_err(|error| match error.downcast::<Diagnosis>() {
            Ok(mut diagnosis) => {
                for cause in causes {
                    diagnosis.message += &format!("\n{}", cause.as_ref());
                }
                diagnosis.into()
            }
            Err(error) => error,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::that;
    use crate::timeline::Row;

    fn section(labels: &[&str]) -> Section {
        let row = |label: &&str| Row {
            label: (*label).to_owned(),
            life: (0, 1000),
            ..Row::default()
        };
        let rows = labels.iter().map(row).collect();
        Section { title: "a run".to_owned(), micros: 1000, rows, order: Vec::new() }
    }

    #[test]
    fn equal_names_are_numbered() {
        let pictured = Diagnosis::new("").with_picture(section(&["a", "b", "a"]));
        let rows = pictured.picture().unwrap().rows.iter();
        let labels: Vec<_> = rows.map(|row| &*row.label).collect();
        assert_eq!(labels, ["a #1", "b", "a #2"]);
    }

    #[test]
    fn the_seed_and_a_picture_are_shown_once() {
        let first =
            Diagnosis::new("no.").with_picture(section(&["a"])).with_values_seed(7);
        let seed = "The test values are random; `--seed 7` reproduces them.";
        assert!(first.render(80, false).contains(seed));
        assert!(first.render(80, false).contains("a run"));
        let earlier = [("one".to_owned(), first.clone())];
        assert_eq!(first.without_repeats(&earlier).render(80, false), "No.");
        let other = Diagnosis::new("no.").with_picture(section(&["b"]));
        let other = other.without_repeats(&earlier);
        assert!(other.render(80, false).contains("a run"));
    }

    #[test]
    fn the_same_long_message_is_shown_once() {
        let long = "no, ".repeat(20);
        let earlier = [("one".to_owned(), Diagnosis::new(&*long))];
        let render = |it: Diagnosis| it.without_repeats(&earlier).to_string();
        assert_eq!(
            render(Diagnosis::new(&*long)),
            "the same as for the check \"one\"."
        );
        let other = format!("{long}.");
        assert_eq!(render(Diagnosis::new(&*other)), other);
        let measured = Diagnosis::new(&*long).of_kind(Kind::MayBeNoise);
        assert_eq!(render(measured), long);
        let earlier = [("one".to_owned(), Diagnosis::new("no."))];
        assert_eq!(
            Diagnosis::new("no.").without_repeats(&earlier).to_string(),
            "no."
        );
    }

    #[test]
    fn a_long_message_keeps_its_beginning_and_its_end() {
        let value = "é".repeat(600_000);
        let error =
            that(false, format!("it returned {value}.")).when(true, "A cause.");
        let message =
            Diagnosis::of(error.unwrap_err()).with_values_seed(7).render(80, false);
        let message = message.replace('\n', " ");
        assert!(message.starts_with("It returned éé"), "{message}");
        let omitted = "é ... 596,078 characters left out ... é";
        assert!(message.contains(omitted), "{message}");
        assert!(message.contains("é. A cause. The test values are random;"));
        let length = message.chars().count();
        assert!(length < MAX_MESSAGE + 100, "{length}");
        let longest = "é".repeat(MAX_MESSAGE);
        assert_eq!(
            Diagnosis::new(&longest).render(80, false),
            text::capitalize(&longest)
        );
    }
}
