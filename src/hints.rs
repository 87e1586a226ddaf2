//! Parses an exercise's `hints.md`: the task, three hints, and why the solution
//! works.

use anyhow::{Context, Result, bail};

/// A parsed `hints.md`. Its texts are Markdown, with links relative to the book's
/// chapters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// The title, such as `A guide to several cities`.
    pub title: String,
    /// The task, in a few sentences.
    pub task: String,
    /// The hints, from a nudge to almost the answer.
    pub hints: [Hint; 3],
    /// The explanation of the solution, for learners who have solved the exercise.
    pub why: String,
}

/// One of the three hints.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hint {
    /// The kind of hint, such as `A nudge`.
    pub title: &'static str,
    /// The hint itself.
    pub text: String,
}

const HINTS: [&str; 3] = ["A nudge", "The concept", "The shape"];
const WHY: &str = "Why it works";

impl Hints {
    /// Parses a `hints.md`: a title, the task, a section for each hint, and a
    /// section `Why it works`.
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
    ///
    /// If a part is missing, empty, or out of order.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.replace("\r\n", "\n");
        let text =
            text.strip_prefix("# ").context("it does not start with `# Title`")?;
        let (title, mut rest) =
            text.split_once('\n').context("it has no text below its title")?;
        let mut parts = Vec::new();
        for heading in HINTS.into_iter().chain([WHY]) {
            let (before, after) =
                rest.split_once(&format!("\n## {heading}\n")).with_context(
                    || format!("`## {heading}` is missing or out of order"),
                )?;
            parts.push(before.trim().to_owned());
            rest = after;
        }
        parts.push(rest.trim().to_owned());
        if let Some(empty) = parts.iter().position(String::is_empty) {
            let name = ["the task", HINTS[0], HINTS[1], HINTS[2], WHY][empty];
            bail!("`{name}` is empty");
        }
        // There are exactly five parts, so none of these defaults is used.
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
    fn every_part_is_parsed_with_any_line_endings() {
        let hints = Hints::parse(TEXT).unwrap();
        assert_eq!(Hints::parse(&TEXT.replace('\n', "\r\n")).unwrap(), hints);
        assert_eq!(hints.title, "Tea");
        let parsed: Vec<_> =
            hints.hints.iter().map(|h| (h.title, &*h.text)).collect();
        let expected = [
            ("A nudge", "Fire."),
            ("The concept", "Heat."),
            ("The shape", "A kettle."),
        ];
        assert_eq!(parsed, expected);
        assert_eq!(hints.why, "Physics.");
    }

    #[test]
    fn missing_parts_are_named() {
        let error = |text: &str| Hints::parse(text).unwrap_err().to_string();
        assert_eq!(error("Tea"), "it does not start with `# Title`");
        assert_eq!(error("# Tea"), "it has no text below its title");
        let without = TEXT.replace("## The shape", "## The form");
        assert_eq!(error(&without), "`## The shape` is missing or out of order");
        assert_eq!(error(&TEXT.replace("Heat.", "")), "`The concept` is empty");
    }
}
