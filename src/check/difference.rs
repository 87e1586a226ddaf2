//! Compares two lists and classifies how they differ.
//!
//! A diagnosis may name a cause only if the check has seen it. So the comparison
//! returns a [`Difference`], and a check adds its own explanation only for the
//! difference that the explanation is about. A difference that fits two readings, as
//! when a list of two items is both reversed and sorted, is the less specific one.

use std::cmp::Ordering;
use std::fmt::Debug;

use anyhow::Result;

use super::Diagnosis;

/// A kind of difference between a list and the expected one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Difference {
    /// It has no items.
    Empty,
    /// It has the right items, in reverse order.
    Reversed,
    /// It has the right items, sorted by value.
    Sorted,
    /// It has the right items, sorted by value from the largest to the smallest.
    SortedDescending,
    /// It has the right items, in another order.
    Reordered,
    /// It has each different item once, though some are expected more often.
    DuplicatesLost,
    /// Only items that are expected, but some of them too often.
    Duplicated,
    /// It is right up to its end, but ends too early.
    Truncated,
    /// Some items are missing, but not those at the end, or not only those.
    Missing,
    /// It has all items, and others that are not expected.
    Unexpected,
    /// It has the right length, but all of its items are the same.
    AllEqual,
    /// Some items are missing, and others are there instead.
    Different,
}

/// Returns how `got` differs from `expected`, or `None` if it does not.
///
/// ```
/// use async_workbook::check::{Difference, difference};
///
/// assert_eq!(difference(&[2, 3, 1], &[2, 3, 1]), None);
/// assert_eq!(difference(&[1, 3, 2], &[2, 3, 1]), Some(Difference::Reversed));
/// let sorted = difference(&[1, 2, 3, 4, 5], &[2, 3, 1, 5, 4]);
/// assert_eq!(sorted, Some(Difference::Sorted));
/// assert_eq!(difference(&[1, 2], &[1, 1, 2]), Some(Difference::DuplicatesLost));
/// ```
pub fn difference<T: PartialOrd>(got: &[T], expected: &[T]) -> Option<Difference> {
    if got == expected {
        return None;
    }
    let missing = without(expected, got);
    let extra = without(got, expected);
    let has = |items: &[T], item: &T| items.iter().any(|other| other == item);
    let more_often = extra.iter().all(|item| has(expected, item));
    Some(match (missing.is_empty(), extra.is_empty()) {
        (true, true) => order(got, expected),
        (_, true) if got.is_empty() => Difference::Empty,
        (_, true) => {
            let once = missing.iter().all(|item| has(got, item)) && is_set(got);
            match (once, expected.starts_with(got)) {
                (true, false) => Difference::DuplicatesLost,
                (false, true) => Difference::Truncated,
                _ => Difference::Missing,
            }
        }
        (true, _) if more_often => Difference::Duplicated,
        (true, _) => Difference::Unexpected,
        _ if got.len() == expected.len()
            && got.len() > 2
            && got.iter().all(|item| *item == got[0]) =>
        {
            Difference::AllEqual
        }
        _ => Difference::Different,
    })
}

/// The shortest list of which the order is compared with that of the values: a shorter
/// one is often sorted by coincidence.
const SORTABLE: usize = 5;

/// Classifies the order of a list that has the right items.
fn order<T: PartialOrd>(got: &[T], expected: &[T]) -> Difference {
    let descending = |a: &T, b: &T| {
        matches!(b.partial_cmp(a), Some(Ordering::Less | Ordering::Equal))
    };
    let long = got.len() >= SORTABLE;
    // A list that is reversed may be sorted, too, however short it is.
    let reversed = got.iter().eq(expected.iter().rev());
    let readings = [
        (Difference::Reversed, reversed),
        (Difference::Sorted, (long || reversed) && got.is_sorted()),
        (
            Difference::SortedDescending,
            (long || reversed) && got.is_sorted_by(descending),
        ),
    ];
    let mut seen = readings.iter().filter(|(_, fits)| *fits);
    match (seen.next(), seen.next()) {
        (Some((one, _)), None) => *one,
        _ => Difference::Reordered,
    }
}

/// Checks that the results are the expected ones, in the expected order.
///
/// ```
/// use async_workbook::check::in_order;
///
/// assert!(in_order(&[2, 3, 1], &[2, 3, 1]).is_ok());
/// let error = in_order(&[1, 3, 2], &[2, 3, 1]).unwrap_err();
/// assert!(error.to_string().ends_with("the right items, but in reverse order."));
/// ```
///
/// To explain a failure, compare with [`difference`] and give a cause only for what
/// was seen:
///
/// ```
/// use async_workbook::check::{self, Difference, Explain};
///
/// let (got, expected) = ([2, 2, 1], [2, 3, 1]);
/// let reversed =
///     check::difference(&got, &expected) == Some(Difference::Reversed);
/// let result = check::in_order(&got, &expected)
///     .when(reversed, "`pop` takes the last item first.");
/// assert!(!result.unwrap_err().to_string().contains("pop"));
/// ```
///
/// # Errors
///
/// A [`Diagnosis`] that says how they differ.
pub fn in_order<T: PartialOrd + Debug>(got: &[T], expected: &[T]) -> Result<()> {
    let Some(difference) = difference(got, expected) else { return Ok(()) };
    let missing = without(expected, got);
    let extra = without(got, expected);
    let meaning = match difference {
        Difference::Empty => "the list is empty".to_owned(),
        Difference::Reversed => "the right items, but in reverse order".to_owned(),
        Difference::Sorted => "the right items, but sorted by value".to_owned(),
        Difference::SortedDescending => {
            "the right items, but sorted by value, the largest first".to_owned()
        }
        Difference::Reordered => "the right items, but in another order".to_owned(),
        Difference::DuplicatesLost => format!(
            "duplicates of {} are missing (each item occurs only once)",
            list(&distinct(&missing))
        ),
        Difference::Duplicated => {
            format!("{} is there more often than expected", list(&distinct(&extra)))
        }
        Difference::Truncated => match missing.as_slice() {
            [last] => format!("the last one, {last:?}, is missing"),
            _ => format!(
                "right at first, but the last {} are missing, from {:?} on",
                missing.len(),
                missing[0]
            ),
        },
        Difference::Missing => format!("{} is missing", list(&missing)),
        Difference::Unexpected => format!("{} is not expected", list(&extra)),
        Difference::AllEqual => format!("all of them are {:?}", got[0]),
        Difference::Different => {
            format!("{} instead of {}", list(&extra), list(&missing))
        }
    };
    let same = got.iter().zip(expected).take_while(|(one, other)| one == other);
    let first = same.count();
    let message = if got.len().max(expected.len()) <= LONG {
        format!("got {got:?}, expected {expected:?}: {meaning}.")
    } else {
        let part = |items: &[T]| match items.get(first) {
            None => format!("{} items", items.len()),
            Some(_) => {
                format!("{} items with {}", items.len(), list(&items[first..]))
            }
        };
        let (got, expected) = (part(got), part(expected));
        let item = first + 1;
        format!("got {got} from item {item} on, expected {expected}: {meaning}.")
    };
    Err(Diagnosis::new(message).into())
}

/// The length of the longest list that a diagnosis shows as a whole.
const LONG: usize = 12;

/// The number of items that a diagnosis shows of a longer list.
const SHOWN: usize = 6;

/// Formats a list, or the beginning of a long one.
pub fn list<T: Debug>(items: &[T]) -> String {
    if items.len() <= LONG {
        return format!("{items:?}");
    }
    let shown = format!("{:?}", &items[..SHOWN]);
    format!("{}, and {} more]", shown.trim_end_matches(']'), items.len() - SHOWN)
}

fn is_set<T: PartialEq>(items: &[T]) -> bool {
    (1..items.len()).all(|index| !items[..index].contains(&items[index]))
}

/// Returns the first of each group of equal items.
fn distinct<'a, T: PartialEq>(items: &[&'a T]) -> Vec<&'a T> {
    let mut distinct: Vec<&T> = Vec::new();
    for &item in items {
        if !distinct.contains(&item) {
            distinct.push(item);
        }
    }
    distinct
}

/// Returns the items of `all` that are not in `others`, each as often as `all` has
/// more of it.
///
/// ```
/// use async_workbook::check::without;
///
/// assert_eq!(without(&[1, 2, 1, 3], &[3, 1]), [&2, &1]);
/// ```
pub fn without<'a, T: PartialEq>(all: &'a [T], others: &[T]) -> Vec<&'a T> {
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

    fn meaning(got: &[u32], expected: &[u32]) -> (Option<Difference>, String) {
        let message = in_order(got, expected)
            .map_or_else(|error| error.to_string(), |()| ": ok".to_owned());
        let meaning = message.rsplit(": ").next().unwrap().to_owned();
        (difference(got, expected), meaning)
    }

    #[test]
    fn each_kind_of_difference_is_named() {
        use Difference::*;
        for (got, expected, kind, words) in [
            (&[][..], &[3, 1][..], Empty, "the list is empty."),
            (
                &[2, 1, 3],
                &[3, 1, 2],
                Reversed,
                "the right items, but in reverse order.",
            ),
            (
                &[1, 2, 3, 4, 5],
                &[3, 1, 2, 5, 4],
                Sorted,
                "the right items, but sorted by value.",
            ),
            (
                &[5, 4, 3, 2, 1],
                &[3, 1, 2, 5, 4],
                SortedDescending,
                "the right items, but sorted by value, the largest first.",
            ),
            (
                &[1, 3, 2],
                &[3, 1, 2],
                Reordered,
                "the right items, but in another order.",
            ),
            (
                &[3, 1],
                &[3, 3, 1, 3],
                DuplicatesLost,
                "duplicates of [3] are missing (each item occurs only once).",
            ),
            (
                &[3, 1, 3],
                &[3, 1],
                Duplicated,
                "[3] is there more often than expected.",
            ),
            (&[3, 1], &[3, 1, 2], Truncated, "the last one, 2, is missing."),
            (
                &[3],
                &[3, 1, 2],
                Truncated,
                "right at first, but the last 2 are missing, from 1 on.",
            ),
            (&[3, 2], &[3, 1, 2], Missing, "[1] is missing."),
            (&[3, 1, 2, 7], &[3, 1, 2], Unexpected, "[7] is not expected."),
            (&[3, 3, 3], &[3, 1, 2], AllEqual, "all of them are 3."),
            (&[3, 1, 7], &[3, 1, 2], Different, "[7] instead of [2]."),
        ] {
            assert_eq!(meaning(got, expected), (Some(kind), words.to_owned()));
        }
        assert_eq!(meaning(&[1, 2], &[1, 2]), (None, "ok".to_owned()));
    }

    #[test]
    fn a_difference_with_two_readings_is_the_less_specific_one() {
        // Both reversed and sorted.
        let swapped = difference(&[1, 2], &[2, 1]);
        assert_eq!(swapped, Some(Difference::Reordered));
        let reversed = difference(&[1, 2, 3], &[3, 2, 1]);
        assert_eq!(reversed, Some(Difference::Reordered));
        // Sorted, but so short that it may be a coincidence.
        let short = difference(&[1, 2, 3, 4], &[3, 1, 2, 4]);
        assert_eq!(short, Some(Difference::Reordered));
        // Both without its duplicates and without its end.
        let short = difference(&[1, 2], &[1, 2, 2]);
        assert_eq!(short, Some(Difference::Missing));
    }

    #[test]
    fn long_lists_are_shown_from_the_first_difference_on() {
        let expected: Vec<u32> = (0..150).map(|n| n * 7 % 150).collect();
        let mut got = expected.clone();
        got.swap(100, 120);
        assert_eq!(
            in_order(&got, &expected).unwrap_err().to_string(),
            "got 150 items with [90, 107, 114, 121, 128, 135, and 44 more] from item 101 \
             on, expected 150 items with [100, 107, 114, 121, 128, 135, and 44 more]: the \
             right items, but in another order."
        );
        let cut = in_order(&expected[..100], &expected).unwrap_err().to_string();
        assert!(cut.starts_with("got 100 items from item 101 on, expected 150"));
        assert!(cut.ends_with("but the last 50 are missing, from 100 on."), "{cut}");
    }
}
