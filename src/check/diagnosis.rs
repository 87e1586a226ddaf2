//! The explanation of a failed check.

use std::fmt;

use anyhow::Result;

use crate::text;
use crate::timeline::{Recording, Section};

/// The error of a failed check: what happened, what was expected, and what that
/// usually means; with a timeline of the run if there is one.
#[derive(Clone, Debug)]
pub struct Diagnosis {
    message: String,
    picture: Option<Section>,
    kind: Kind,
}

/// How to treat a diagnosis.
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
        Self { message: message.into(), picture: None, kind: Kind::Plain }
    }

    /// Converts the error of a check. An error that is not a diagnosis comes from
    /// the learner's code, where the check did not expect one.
    pub(super) fn of(error: anyhow::Error) -> Self {
        error.downcast().unwrap_or_else(|error| {
            Self::new(format!("unexpected error: {error:#}."))
        })
    }

    /// Adds the picture of a run, unless nothing was recorded in it.
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

    /// Adds the seed of the values that the check has drawn.
    pub(super) fn with_drawn(mut self, seed: u64) -> Self {
        self.message +=
            &format!("\nThe values are drawn; `--seed {seed}` draws them again.");
        self
    }

    /// Formats the text and the picture, at most `columns` wide.
    pub fn draw(&self, columns: usize, color: bool) -> String {
        let mut diagnosis =
            text::wrap(&text::capitalize(&self.message), "", columns);
        if let Some(section) = &self.picture {
            let recording = Recording { sections: vec![section.clone()] };
            let picture = recording.draw(columns, color);
            diagnosis = format!("{diagnosis}\n\n{}", picture.trim_end());
        }
        diagnosis
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Diagnosis {}

/// Adds the most likely cause to a diagnosis, if it is known.
///
/// ```
/// use async_workbook::check;
///
/// let slow = check::that(false, "it took 300 ms.");
/// let explained = check::explain(slow, Some("There is an `.await` in the loop."));
/// let message = "it took 300 ms.\nThere is an `.await` in the loop.";
/// assert_eq!(explained.unwrap_err().to_string(), message);
/// ```
///
/// # Errors
///
/// The error of `result`, with one more line if it is a [`Diagnosis`].
pub fn explain<T>(result: Result<T>, why: Option<&str>) -> Result<T> {
    result.map_err(|error| match (error.downcast::<Diagnosis>(), why) {
        (Ok(mut diagnosis), Some(why)) => {
            diagnosis.message += &format!("\n{why}");
            diagnosis.into()
        }
        (Ok(diagnosis), None) => diagnosis.into(),
        (Err(error), _) => error,
    })
}
