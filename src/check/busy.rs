//! Measures for how long a run blocks the thread.
//!
//! On a current-thread runtime the only thread parks whenever there is nothing to poll.
//! The runtime's park and unpark hooks measure how the thread spent the time in between
//! (see `thread_time.rs`):
//!
//! ```text
//! unpark  poll poll poll  park          unpark  poll (std::thread::sleep)  park
//!         |-- 0.1 ms --|                        |---- 90 ms blocked -----|
//! ```
//!
//! A single long poll and an endless sequence of short ones look the same here, and
//! both starve other tasks. On Linux, time in which the thread was blocked is distinguished
//! from time in which it computed, and the time in which other programs had the CPU
//! counts as neither. Blocked time is added up over a run; right solutions have almost
//! none. The time in which the hypervisor or an interrupt had the CPU may look the same,
//! but then the thread did not go to sleep. A machine may still swap, so a failure is
//! only reported if it happens three times in a row. (The paused clock stops while code
//! blocks; it could not show this.)

use std::cell::Cell;
use std::time::Duration;

use crate::thread_time::{Moment, Spent, sleeps, slowness};

/// The longest time for which a run may block the thread, in total.
const BLOCK_LIMIT: Duration = Duration::from_millis(25);

/// The longest time for which code may compute without letting the thread park, on
/// the machine for which it was chosen (see [`slowness`]).
pub(super) const COMPUTE_LIMIT: Duration = Duration::from_millis(70);

/// The time that each recorded span adds to [`COMPUTE_LIMIT`]: starting many requests at
/// once takes a while, especially in a debug build.
const COMPUTE_PER_SPAN: Duration = Duration::from_millis(2);

/// The longest wall time for which code may block the thread, on a system that does not
/// distinguish computing from waiting.
const WALL_LIMIT: Duration = Duration::from_millis(75);

thread_local! {
    static BUSY: Cell<Busy> = const { Cell::new(Busy::NONE) };
}

/// Measures how the thread spends its time while it does not park.
#[derive(Clone, Copy, Debug)]
pub(super) struct Busy {
    /// The latest unpark, unless the thread is parked.
    since: Option<Unpark>,
    /// The time in which the thread was blocked.
    blocked: Duration,
    /// The longest time that it computed between an unpark and the next park.
    computed: Duration,
    /// The longest wall time between the two, if nothing else is known.
    wall: Duration,
    /// The number of polls since the latest unpark, and in the longest time that it
    /// computed.
    polls: u64,
    computed_polls: u64,
}

/// The end of a park.
#[derive(Clone, Copy, Debug)]
struct Unpark {
    at: Moment,
    /// How often the thread had gone to sleep, if that is known.
    sleeps: Option<u64>,
}

impl Unpark {
    fn at(at: Moment) -> Self {
        Self { at, sleeps: at.sleeps() }
    }

    /// Returns how the thread has spent the time since then.
    fn spent(&self) -> Spent {
        match self.at.spent() {
            // A thread that did not go to sleep was not blocked.
            Spent::Known { computed, blocked }
                if !blocked.is_zero()
                    && self.sleeps.is_some()
                    && self.sleeps == sleeps() =>
            {
                Spent::Known { computed, blocked: Duration::ZERO }
            }
            spent => spent,
        }
    }
}

impl Busy {
    const NONE: Self = Self {
        since: None,
        blocked: Duration::ZERO,
        computed: Duration::ZERO,
        wall: Duration::ZERO,
        polls: 0,
        computed_polls: 0,
    };

    /// Begins to measure a run.
    pub(super) fn begin_run() {
        let since = Some(Unpark::at(Moment::exactly_now()));
        BUSY.set(Busy { since, ..Busy::NONE });
    }

    /// Returns the measurements of a run.
    pub(super) fn end_run() -> Self {
        Self::park();
        BUSY.get()
    }

    /// Continues to measure when the thread unparks.
    pub(super) fn unpark() {
        let since = Some(Unpark::at(Moment::now()));
        BUSY.set(Busy { since, polls: 0, ..BUSY.get() });
    }

    /// Stops measuring when the thread parks.
    pub(super) fn park() {
        let mut busy = BUSY.get();
        match busy.since.take().map(|since| since.spent()) {
            Some(Spent::Known { computed, blocked }) => {
                busy.blocked += blocked;
                if computed > busy.computed {
                    (busy.computed, busy.computed_polls) = (computed, busy.polls);
                }
            }
            Some(Spent::Wall(wall)) => busy.wall = busy.wall.max(wall),
            None => {}
        }
        BUSY.set(busy);
    }

    pub(super) fn count_poll() {
        let busy = BUSY.get();
        BUSY.set(Busy { polls: busy.polls + 1, ..busy });
    }

    /// Returns the time, the observation and its meaning if the run held its thread for too
    /// long. Each recorded span raises the limit.
    pub(super) fn excess(
        &self,
        spans: u32,
    ) -> Option<(Duration, String, &'static str)> {
        // Rounded, so that repeated runs usually give the same message.
        let about = |time: Duration, unit: u128| {
            format!("about {} ms", (time.as_millis() + unit / 2) / unit * unit)
        };
        let blocks = ", and nothing else could run in that time: something blocks \
                      where it should `.await`.";
        if self.blocked >= BLOCK_LIMIT {
            let time = about(self.blocked, 10);
            let words = format!("the thread was blocked for {time}");
            return Some((self.blocked, words, blocks));
        }
        let exceeds = |time: Duration, limit: Duration| {
            time >= limit && time >= limit.mul_f64(slowness())
        };
        if exceeds(self.computed, COMPUTE_LIMIT + COMPUTE_PER_SPAN * spans) {
            let time = about(self.computed, 50);
            let words = format!("the thread computed for {time}");
            let meaning = match self.computed_polls {
                MANY_POLLS.. => {
                    " without waiting for anything: it was polled again and again, \
                     because it woke itself each time."
                }
                _ => {
                    " without waiting for anything, and nothing else could run in \
                     that time."
                }
            };
            return Some((self.computed, words, meaning));
        }
        exceeds(self.wall, WALL_LIMIT).then(|| {
            let time = about(self.wall, 50);
            (self.wall, format!("the thread was blocked for {time}"), blocks)
        })
    }
}

/// More polls than any run that waits for something between them.
const MANY_POLLS: u64 = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_did_not_go_to_sleep_was_not_blocked() {
        let blocked = |unpark: Unpark| match unpark.spent() {
            Spent::Known { blocked, .. } => Some(blocked),
            Spent::Wall(_) => None,
        };
        let unpark = Unpark::at(Moment::exactly_now());
        std::thread::sleep(BLOCK_LIMIT);
        let Some(time) = blocked(unpark) else { return };
        assert!(time >= BLOCK_LIMIT / 2, "{time:?}");
        // A page fault may put the thread to sleep in between.
        let awake = || blocked(Unpark { sleeps: sleeps(), ..unpark });
        assert!((0..100).any(|_| awake() == Some(Duration::ZERO)));
    }
}
