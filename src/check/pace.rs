//! Time, numbers in flight and orders, judged in words.

use super::Diagnosis;
use anyhow::Result;
use std::fmt::Debug;
use std::time::Duration;

/// How long a piece of work may take: as long as its parts together, or one after
/// another.
///
/// ```
/// use async_workbook::check::Pace;
/// use std::time::Duration;
///
/// let pace = Pace::of(3, "requests", Duration::from_millis(100));
/// assert!(pace.judge(Duration::from_millis(100)).is_ok());
/// assert_eq!(
///     pace.judge(Duration::from_millis(300)).unwrap_err().to_string(),
///     "3 requests of 100 ms took 300 ms, expected 100 ms: they ran one after another."
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pace {
    what: String,
    in_turn: Duration,
    together: Duration,
    /// Whether all parts take the same time, so that there can be rounds of them.
    alike: bool,
}

impl Pace {
    /// `count` parts that take `each`, all at the same time.
    pub fn of(count: u32, parts: &str, each: Duration) -> Self {
        let what = format!("{count} {parts} of {}", millis(each));
        Self { what, in_turn: each * count, together: each, alike: true }
    }

    /// Parts that take unlike times: `in_turn` if each waits for the one before it,
    /// `together` if none waits for what it does not need.
    pub fn mixed(what: &str, in_turn: Duration, together: Duration) -> Self {
        Self { what: what.to_owned(), in_turn, together, alike: false }
    }

    /// Whether `took` is the time of all together.
    ///
    /// # Errors
    /// When it is longer or shorter: a [`Diagnosis`] of what that usually means.
    pub fn judge(&self, took: Duration) -> Result<()> {
        let Self { what, in_turn, together, alike } = self;
        let rounds = took.as_micros().checked_div(together.as_micros());
        let is_whole = |n: &u128| *alike && took == *together * (*n as u32);
        let whole = rounds.filter(is_whole);
        let meaning = if took == *together {
            return Ok(());
        } else if took < *together {
            "it was over before all of the work was done".to_owned()
        } else if took == *in_turn {
            "they ran one after another".to_owned()
        } else if took > *in_turn {
            "one after another they would not take that long".to_owned()
        } else if let Some(rounds) = whole {
            let round = millis(*together);
            format!("{rounds} rounds of {round}, where one round is enough")
        } else {
            "some began only when others were over, which they did not need"
                .to_owned()
        };
        let (took, expected) = (millis(took), millis(*together));
        let words = format!("{what} took {took}, expected {expected}: {meaning}.");
        Err(Diagnosis::new(words).into())
    }
}

pub(super) fn millis(time: Duration) -> String {
    format!("{} ms", time.as_millis())
}

/// Whether as many were in flight together as may be: no more, and no less.
///
/// ```
/// use async_workbook::check::peak;
///
/// assert!(peak("jobs", 4, 4).is_ok());
/// assert_eq!(
///     peak("jobs", 9, 4).unwrap_err().to_string(),
///     "9 jobs were in flight together, expected 4: that is more than there should be."
/// );
/// ```
///
/// # Errors
/// When `seen` is not `expected`: a [`Diagnosis`].
pub fn peak(what: &str, seen: usize, expected: usize) -> Result<()> {
    let meaning = if seen == expected {
        return Ok(());
    } else if seen > expected {
        "that is more than there should be"
    } else if seen <= 1 {
        "each began when the one before it was over"
    } else {
        "some waited for others, which they did not need"
    };
    let words = match seen {
        0 => format!("no {what} were in flight, expected {expected}."),
        1 => format!(
            "1 of the {what} was in flight at a time, expected {expected}: {meaning}."
        ),
        _ => format!(
            "{seen} {what} were in flight together, expected {expected}: {meaning}."
        ),
    };
    Err(Diagnosis::new(words).into())
}

/// Whether the results are those expected, in that order.
///
/// ```
/// use async_workbook::check::in_order;
///
/// assert!(in_order(&[1, 2, 3], &[1, 2, 3]).is_ok());
/// let error = in_order(&[3, 1, 2], &[1, 2, 3]).unwrap_err();
/// assert!(error.to_string().ends_with("the right results in another order."));
/// ```
///
/// # Errors
/// When they are not: a [`Diagnosis`].
pub fn in_order<T: PartialEq + Debug>(got: &[T], expected: &[T]) -> Result<()> {
    let lost = without(expected, got);
    let extra = without(got, expected);
    let meaning = if got == expected {
        return Ok(());
    } else if lost.is_empty() && extra.is_empty() {
        "the right results in another order".to_owned()
    } else if extra.is_empty() {
        format!("{lost:?} is missing")
    } else if lost.is_empty() {
        format!("{extra:?} is too much")
    } else {
        format!("{extra:?} where {lost:?} was expected")
    };
    let words = format!("got {got:?}, expected {expected:?}: {meaning}.");
    Err(Diagnosis::new(words).into())
}

/// What is in `all` and not, or not as often, in `others`.
fn without<'a, T: PartialEq>(all: &'a [T], others: &[T]) -> Vec<&'a T> {
    let mut others: Vec<_> = others.iter().collect();
    all.iter()
        .filter(|&one| match others.iter().position(|&other| other == one) {
            Some(index) => {
                others.swap_remove(index);
                false
            }
            None => true,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn said(result: Result<()>) -> String {
        result.map_or_else(|error| error.to_string(), |()| "ok".to_owned())
    }

    #[test]
    fn a_time_is_said_with_what_it_means() {
        let pace = Pace::of(6, "requests", 100 * MS);
        let meaning = |took: u32| {
            let said = said(pace.judge(took * MS));
            said.rsplit(": ").next().unwrap().to_owned()
        };
        assert_eq!(meaning(100), "ok");
        assert_eq!(meaning(99), "it was over before all of the work was done.");
        assert_eq!(meaning(300), "3 rounds of 100 ms, where one round is enough.");
        assert_eq!(meaning(600), "they ran one after another.");
        assert_eq!(meaning(700), "one after another they would not take that long.");
        for part in [150, 250] {
            assert!(meaning(part).starts_with("some began only when others"));
        }
    }

    #[test]
    fn parts_of_unlike_times_have_no_rounds() {
        let pace = Pace::mixed("three naps", 150 * MS, 50 * MS);
        let said = said(pace.judge(100 * MS));
        assert!(said.ends_with("which they did not need."), "{said}");
    }

    #[test]
    fn no_time_at_all_can_be_expected() {
        let pace = Pace::mixed("nothing", Duration::ZERO, Duration::ZERO);
        assert_eq!(said(pace.judge(Duration::ZERO)), "ok");
        assert!(
            said(pace.judge(MS)).starts_with("nothing took 1 ms, expected 0 ms")
        );
    }

    #[test]
    fn too_few_in_flight_is_as_wrong_as_too_many() {
        assert_eq!(said(peak("jobs", 3, 3)), "ok");
        assert!(said(peak("jobs", 0, 3)).starts_with("no jobs were in flight"));
        assert!(said(peak("jobs", 1, 3)).starts_with("1 of the jobs was"));
        assert!(said(peak("jobs", 2, 3)).ends_with("which they did not need."));
        assert!(said(peak("jobs", 4, 3)).ends_with("more than there should be."));
    }

    #[test]
    fn missing_doubled_and_wrong_results_are_told_apart() {
        let meaning = |got: &[u32]| {
            let said = said(in_order(got, &[1, 2, 2]));
            said.rsplit(": ").next().unwrap().to_owned()
        };
        assert_eq!(meaning(&[1, 2, 2]), "ok");
        assert_eq!(meaning(&[2, 1, 2]), "the right results in another order.");
        assert_eq!(meaning(&[1, 2]), "[2] is missing.");
        assert_eq!(meaning(&[1, 1, 2, 2]), "[1] is too much.");
        assert_eq!(meaning(&[1, 2, 3]), "[3] where [2] was expected.");
    }
}
