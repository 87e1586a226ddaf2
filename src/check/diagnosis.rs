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
        self.message += &format!(
            "\nThe test values are random; `--seed {seed}` reproduces them."
        );
        self
    }

    /// Formats the text and the picture, at most `columns` wide.
    pub fn render(&self, columns: usize, color: bool) -> String {
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
