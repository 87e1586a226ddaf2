//! Assertions about time and concurrency. They fail with a [`Diagnosis`] that says what
//! was measured and what was expected. It names no cause: the same duration can have
//! several, and only the check of an exercise can tell which of them it has seen.

use std::time::Duration;

use anyhow::Result;

use super::Diagnosis;
use crate::text::duration;

/// Fails with a diagnosis unless `holds`.
///
/// ```
/// use async_workbook::check;
///
/// assert!(check::that(2 > 1, "not reached").is_ok());
/// assert_eq!(check::that(1 > 2, "1 is less").unwrap_err().to_string(), "1 is less");
/// ```
///
/// # Errors
///
/// A [`Diagnosis`] if `holds` is false.
pub fn that(holds: bool, otherwise: impl Into<String>) -> Result<()> {
    if holds { Ok(()) } else { Err(Diagnosis::new(otherwise).into()) }
}

/// The expected duration of a piece of work that has several parts: that of the
/// parts running together, as opposed to one after another.
///
/// ```
/// use async_workbook::check::Pace;
/// use std::time::Duration;
///
/// let pace = Pace::of(3, "requests", Duration::from_millis(100));
/// assert!(pace.judge(Duration::from_millis(100)).is_ok());
/// assert_eq!(
///     pace.judge(Duration::from_millis(300)).unwrap_err().to_string(),
///     "3 requests of 100 ms took 300 ms (one after another), expected 100 ms."
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pace {
    what: String,
    in_turn: Duration,
    together: Duration,
    /// All parts take the same time, so a longer duration can mean rounds of them.
    equal: bool,
}

impl Pace {
    /// Expects `count` parts that take `each` to run at the same time.
    pub fn of(count: u32, parts: &str, each: Duration) -> Self {
        let what = format!("{count} {parts} of {}", duration(each));
        Self { what, in_turn: each * count, together: each, equal: true }
    }

    /// Expects parts of different durations to take `together`; they would take
    /// `in_turn` one after another.
    pub fn mixed(what: &str, in_turn: Duration, together: Duration) -> Self {
        Self { what: what.to_owned(), in_turn, together, equal: false }
    }

    /// Compares a measured duration with the expected one.
    ///
    /// # Errors
    ///
    /// A [`Diagnosis`] if they differ: too long is as wrong as too short.
    pub fn judge(&self, took: Duration) -> Result<()> {
        let Self { what, in_turn, together, equal } = self;
        let rounds = took.as_micros().checked_div(together.as_micros());
        let is_whole = |n: &u128| *equal && took == *together * (*n as u32);
        let whole = rounds.filter(is_whole);
        let meaning = if took == *together {
            return Ok(());
        } else if took < *together {
            format!("{} less than the work takes", duration(*together - took))
        } else if took == *in_turn {
            "one after another".to_owned()
        } else if took > *in_turn {
            format!("{} longer than one after another", duration(took - *in_turn))
        } else if let Some(rounds) = whole {
            format!("{rounds} rounds of {}", duration(*together))
        } else {
            format!(
                "{} longer than all of them together",
                duration(took - *together)
            )
        };
        let (took, expected) = (duration(took), duration(*together));
        let message =
            format!("{what} took {took} ({meaning}), expected {expected}.");
        Err(Diagnosis::new(message).into())
    }
}

/// Checks that exactly the `expected` number of things were in flight at the same
/// time.
///
/// ```
/// use async_workbook::check::peak;
///
/// assert!(peak("jobs", 4, 4).is_ok());
/// assert_eq!(
///     peak("jobs", 9, 4).unwrap_err().to_string(),
///     "9 jobs were in flight at the same time, expected 4: that is too many."
/// );
/// ```
///
/// # Errors
///
/// A [`Diagnosis`] if `peak` is not `expected`.
pub fn peak(what: &str, peak: usize, expected: usize) -> Result<()> {
    let meaning = if peak == expected {
        return Ok(());
    } else if peak > expected {
        "that is too many"
    } else if peak <= 1 {
        "each started after the previous one had finished"
    } else {
        "that is too few"
    };
    let message = match peak {
        0 => format!("no {what} were in flight, expected {expected}."),
        1 => format!(
            "only 1 of the {what} was in flight at a time, expected {expected}: {meaning}."
        ),
        _ => format!(
            "{peak} {what} were in flight at the same time, expected {expected}: {meaning}."
        ),
    };
    Err(Diagnosis::new(message).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn message(result: Result<()>) -> String {
        result.map_or_else(|error| error.to_string(), |()| "ok".to_owned())
    }

    #[test]
    fn a_wrong_duration_is_reported_with_its_meaning() {
        let pace = Pace::of(6, "requests", 100 * MS);
        let meaning = |took: u32| {
            let message = message(pace.judge(took * MS));
            let meaning = message.split(['(', ')']).nth(1);
            meaning.unwrap_or(&message).to_owned()
        };
        assert_eq!(meaning(100), "ok");
        assert_eq!(meaning(99), "1 ms less than the work takes");
        assert_eq!(meaning(300), "3 rounds of 100 ms");
        assert_eq!(meaning(600), "one after another");
        assert_eq!(meaning(710), "110 ms longer than one after another");
        assert_eq!(meaning(130), "30 ms longer than all of them together");
    }

    #[test]
    fn parts_of_different_durations_have_no_rounds() {
        let pace = Pace::mixed("three sleeps", 150 * MS, 50 * MS);
        let message = message(pace.judge(100 * MS));
        assert!(message.contains("longer than all of them together"), "{message}");
    }

    #[test]
    fn a_part_of_a_millisecond_is_shown() {
        let pace = Pace::of(2, "sleeps", 50 * MS);
        let message = message(pace.judge(50 * MS + MS / 2));
        assert!(message.contains("took 50.5 ms (0.5 ms longer"), "{message}");
    }

    #[test]
    fn the_expected_duration_may_be_zero() {
        let pace = Pace::mixed("nothing", Duration::ZERO, Duration::ZERO);
        assert_eq!(message(pace.judge(Duration::ZERO)), "ok");
        assert!(
            message(pace.judge(MS)).starts_with("nothing took 1 ms (1 ms longer")
        );
    }

    #[test]
    fn both_too_few_and_too_many_in_flight_fail() {
        assert_eq!(message(peak("jobs", 3, 3)), "ok");
        assert!(message(peak("jobs", 0, 3)).starts_with("no jobs were in flight"));
        assert!(message(peak("jobs", 1, 3)).starts_with("only 1 of the jobs was"));
        assert!(message(peak("jobs", 2, 3)).ends_with("that is too few."));
        assert!(message(peak("jobs", 4, 3)).ends_with("that is too many."));
    }
}
