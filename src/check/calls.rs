//! The calls of functions or requests in a run, with the times that show why some of
//! them waited.

use std::ops::Deref;
use std::time::Duration;

use crate::text;

/// One call or request. Times are milliseconds since the run began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The name of the function or the request.
    pub name: String,
    /// When it began.
    pub start: u64,
    /// When it ended or was dropped.
    pub end: u64,
}

/// The calls of a run, in the order in which they began.
///
/// ```
/// use async_workbook::check::{Call, Calls};
///
/// let call = |name: &str, start, end| Call { name: name.to_owned(), start, end };
/// let calls: Calls =
///     [call("user", 0, 100), call("orders", 100, 250)].into_iter().collect();
/// assert_eq!(calls.peak(), 1);
/// assert!(calls.one_after_another());
/// assert_eq!(calls.ending_at(100)[0].name, "user");
/// assert_eq!(calls.last_end(), 250);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calls(Vec<Call>);

impl FromIterator<Call> for Calls {
    fn from_iter<I: IntoIterator<Item = Call>>(calls: I) -> Self {
        let mut calls: Vec<_> = calls.into_iter().collect();
        calls.sort_by_key(|call| call.start);
        Self(calls)
    }
}

impl Deref for Calls {
    type Target = [Call];

    fn deref(&self) -> &[Call] {
        &self.0
    }
}

impl Calls {
    /// Returns the number of calls of this name.
    pub fn count(&self, name: &str) -> usize {
        self.iter().filter(|call| call.name == name).count()
    }

    /// Returns the number of calls that were in flight at this time.
    pub fn in_flight(&self, time: u64) -> usize {
        self.iter().filter(|call| (call.start..call.end).contains(&time)).count()
    }

    /// Returns the maximum number of calls in flight.
    pub fn peak(&self) -> usize {
        let mut ends: Vec<_> = self.iter().map(|call| call.end).collect();
        ends.sort_unstable();
        let calls = self.iter().zip(1_usize..);
        // A later call that starts at the same time counts more.
        let in_flight = calls.map(|(call, started)| {
            started.saturating_sub(ends.partition_point(|end| *end <= call.start))
        });
        in_flight.max().unwrap_or(0)
    }

    /// Returns true if each call began when the one before it ended, and there is
    /// more than one.
    pub fn one_after_another(&self) -> bool {
        self.len() > 1 && self.windows(2).all(|pair| pair[1].start == pair[0].end)
    }

    /// Returns the calls that ended at this time.
    pub fn ending_at(&self, time: u64) -> Vec<&Call> {
        self.iter().filter(|call| call.end == time).collect()
    }

    /// Returns the end of the last call, or 0 if there is none.
    pub fn last_end(&self) -> u64 {
        self.iter().map(|call| call.end).max().unwrap_or(0)
    }

    /// Describes the first call that started when no other ended, after the run
    /// began: a timer decided when.
    pub fn started_by_timer(&self) -> Option<String> {
        let by_timer =
            |call: &&Call| call.start > 0 && self.ending_at(call.start).is_empty();
        let Call { name, .. } = self.iter().find(by_timer)?;
        Some(format!(
            "When `{name}` started, nothing else ended: a timer decided that. Wait for \
             what it needs, not for a time."
        ))
    }

    /// Describes the first call that started when another one ended.
    pub fn started_late(&self) -> Option<String> {
        self.iter().find_map(|Call { name, start, .. }| {
            let ended = self.ending_at(*start);
            let before = &ended.iter().find(|call| call.start < *start)?.name;
            let at = text::millis(*start);
            Some(format!("`{name}` started only when `{before}` ended, at {at}."))
        })
    }

    /// Describes the time after the last call, if the run took longer than that: the
    /// code under test slept.
    pub fn slept_after(&self, took: Duration) -> Option<String> {
        let last = self.last_end();
        (took.as_millis() > u128::from(last)).then(|| {
            format!(
                "The last call ended at {}, and nothing was in flight after that: \
                 something slept.",
                text::millis(last)
            )
        })
    }

    /// Describes the peak, if calls overlapped but did not all start together.
    pub fn limited(&self) -> Option<String> {
        let (peak, first) = (self.peak(), self.first()?.start);
        let waited = self.iter().any(|call| call.start > first);
        (waited && peak > 1).then(|| {
            format!("Never more than {peak} were in flight at the same time.")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(times: &[(u64, u64)]) -> Calls {
        let call = |&(start, end)| Call { name: format!("{start}"), start, end };
        times.iter().map(call).collect()
    }

    #[test]
    fn calls_in_flight_are_counted() {
        let calls = calls(&[(30, 40), (0, 10), (5, 30), (9, 20)]);
        assert_eq!(calls[0].start, 0);
        assert_eq!(
            [0, 9, 10, 20, 30, 40].map(|ms| calls.in_flight(ms)),
            [1, 3, 2, 1, 1, 0]
        );
        assert_eq!(calls.peak(), 3);
        assert_eq!(calls.last_end(), 40);
        assert_eq!(calls.count("5"), 1);
        let ending: Vec<_> = calls.ending_at(30).iter().map(|c| c.start).collect();
        assert_eq!(ending, [5]);
    }

    #[test]
    fn the_cause_of_a_wait_is_described_only_if_it_was_seen() {
        let late = calls(&[(0, 10), (12, 20)]).started_by_timer().unwrap();
        assert!(late.starts_with("When `12` started, nothing"), "{late}");
        assert_eq!(calls(&[(0, 10), (10, 20)]).started_by_timer(), None);

        let late = calls(&[(0, 10), (5, 5), (10, 20)]).started_late().unwrap();
        assert_eq!(late, "`10` started only when `0` ended, at 10 ms.");
        assert_eq!(calls(&[(0, 10), (12, 20)]).started_late(), None);

        let slept = |millis| {
            calls(&[(0, 10), (10, 20)]).slept_after(Duration::from_millis(millis))
        };
        assert!(slept(21).unwrap().starts_with("The last call ended at 20 ms"));
        assert_eq!(slept(20), None);

        let limited = calls(&[(0, 10), (0, 20), (10, 20)]).limited().unwrap();
        assert!(limited.starts_with("Never more than 2 were"), "{limited}");
        assert_eq!(calls(&[(0, 10), (10, 20)]).limited(), None);
        assert_eq!(calls(&[(5, 10), (5, 20)]).limited(), None);
    }

    #[test]
    fn calls_one_after_another_leave_no_gap_and_do_not_overlap() {
        let in_turn = |times| calls(times).one_after_another();
        assert!(in_turn(&[(0, 10), (10, 30), (30, 30), (30, 40)]));
        assert!(!in_turn(&[(0, 10), (11, 30)]));
        assert!(!in_turn(&[(0, 10), (9, 30)]));
        assert!(!in_turn(&[(0, 10)]));
        assert_eq!(calls(&[]).peak(), 0);
    }
}
