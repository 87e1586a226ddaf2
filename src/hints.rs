//! An exercise in words: its task, three hints, and why it works.

use anyhow::{Context, Result, bail};

/// What an exercise's `hints.md` says. All of it is Markdown, and links in it are seen
/// from the book's chapters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hints {
    /// A few words, such as `A guide to several cities`.
    pub title: String,
    /// What is to be done.
    pub task: String,
    /// The three hints, in the order in which they tell more.
    pub hints: [Hint; 3],
    /// For those who are done.
    pub why: String,
}

/// One of the three hints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// What kind of hint it is, such as `A nudge`.
    pub title: &'static str,
    /// The hint.
    pub text: String,
}

const HINTS: [&str; 3] = ["A nudge", "The concept", "The shape"];
const WHY: &str = "Why it works";

impl Hints {
    /// Reads the text of a `hints.md`: a title, the task, and a section for each hint
    /// and for why it works.
    ///
    /// ```
    /// use async_workbook::Hints;
    ///
    /// let text = "# Tea\n\nBoil water.\n\n## A nudge\n\nFire.\n\n## The concept\n\n\
    ///             Heat.\n\n## The shape\n\nA kettle.\n\n## Why it works\n\nPhysics.\n";
    /// let hints = Hints::parse(text).unwrap();
    /// assert_eq!((&*hints.task, &*hints.hints[2].text), ("Boil water.", "A kettle."));
    /// ```
    ///
    /// # Errors
    /// When a part is missing, empty, or not where it belongs.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.replace("\r\n", "\n");
        let text =
            text.strip_prefix("# ").context("it does not begin with `# Title`")?;
        let (title, mut rest) =
            text.split_once('\n').context("there is only a title")?;
        let mut parts = Vec::new();
        for heading in HINTS.into_iter().chain([WHY]) {
            let (before, after) = rest
                .split_once(&format!("\n## {heading}\n"))
                .with_context(|| format!("no `## {heading}` where it belongs"))?;
            parts.push(before.trim().to_owned());
            rest = after;
        }
        parts.push(rest.trim().to_owned());
        if let Some(empty) = parts.iter().position(String::is_empty) {
            let of = ["the task", HINTS[0], HINTS[1], HINTS[2], WHY][empty];
            bail!("there is nothing in `{of}`");
        }
        // One part for the task, three hints, and why.
        let mut parts = parts.into_iter();
        let mut next = || parts.next().unwrap_or_default();
        Ok(Self {
            title: title.trim().to_owned(),
            task: next(),
            hints: HINTS.map(|title| Hint { title, text: next() }),
            why: next(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Tea\n\nBoil water.\n\n## A nudge\n\nFire.\n\n## The concept\n\n\
                        Heat.\n\n## The shape\n\nA kettle.\n\n## Why it works\n\nPhysics.\n";

    #[test]
    fn every_part_is_found_also_with_windows_line_endings() {
        let hints = Hints::parse(TEXT).unwrap();
        assert_eq!(Hints::parse(&TEXT.replace('\n', "\r\n")).unwrap(), hints);
        assert_eq!(hints.title, "Tea");
        let told: Vec<_> = hints.hints.iter().map(|h| (h.title, &*h.text)).collect();
        let expected = [
            ("A nudge", "Fire."),
            ("The concept", "Heat."),
            ("The shape", "A kettle."),
        ];
        assert_eq!(told, expected);
        assert_eq!(hints.why, "Physics.");
    }

    #[test]
    fn what_is_missing_is_named() {
        let said = |text: &str| Hints::parse(text).unwrap_err().to_string();
        assert_eq!(said("Tea"), "it does not begin with `# Title`");
        assert_eq!(said("# Tea"), "there is only a title");
        let without = TEXT.replace("## The shape", "## The form");
        assert_eq!(said(&without), "no `## The shape` where it belongs");
        assert_eq!(
            said(&TEXT.replace("Heat.", "")),
            "there is nothing in `The concept`"
        );
    }
}
