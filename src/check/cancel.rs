//! Tests cancel safety by dropping a future at each of its `.await`s.
//!
//! Once it has started, a future can only be dropped while it is suspended, that is,
//! after a poll that returned `Pending`. So a scenario runs repeatedly: in the first
//! run its future is dropped after the first pending poll, in the second run after
//! the second, until a run finishes:
//!
//! ```text
//! run 1   poll, drop
//! run 2   poll, wake, poll, drop
//! run 3   poll, wake, poll, wake, poll: ready
//! ```
//!
//! On the paused clock the same polls happen in the same order every time, so this
//! reaches every suspension point. A timeout of random length would only reach some
//! of them.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use anyhow::Result;

use super::diagnosis::Diagnosis;
use super::runner::open_spans;

/// A limit for futures that never finish. No exercise needs this many polls.
const MAX_POLLS: usize = 10_000;

/// Explains work that continues after its future was dropped.
pub const OWNED_BY_RUNTIME: &str = "The runtime owns a spawned task, so the task keeps \
    running when its handle is dropped. Futures that are not spawned are dropped with \
    their owner, and so are the tasks of a `JoinSet`.";

/// Runs a scenario repeatedly, dropping its future after one poll, after two, and so
/// on, until the future finishes. It is thus dropped at every `.await` that suspends
/// it.
///
/// The scenario creates its state, passes the future to [`Cancel::run`], and then
/// checks what must be true whether or not the future was dropped.
///
/// ```
/// use async_workbook::check;
/// use std::cell::Cell;
/// use tokio::task::yield_now;
///
/// let result = check::on_paused_clock(check::cancelled_at_every_await(
///     async |cancel| {
///         let (from, to) = (Cell::new(100), Cell::new(0));
///         let transfer = async {
///             from.set(from.get() - 10);
///             yield_now().await; // if dropped here, the 10 are lost
///             to.set(to.get() + 10);
///         };
///         cancel.run(transfer).await;
///         let total = from.get() + to.get();
///         check::that(total == 100, format!("100 became {total}."))
///     },
/// ));
/// assert_eq!(
///     result.unwrap_err().to_string(),
///     "dropped after its 1st poll: 100 became 90."
/// );
/// ```
///
/// # Errors
///
/// The first error of the scenario, with the number of the poll, and the open spans
/// if there are any.
pub async fn cancelled_at_every_await(
    scenario: impl AsyncFn(&Cancel) -> Result<()>,
) -> Result<()> {
    for polls in 1..=MAX_POLLS {
        let cancel = Cancel { polls, dropped: RefCell::new(None) };
        let result = scenario(&cancel).await;
        let Some(waiting) = cancel.dropped.take() else {
            return result;
        };
        result.map_err(|error| {
            let waiting = match waiting.as_slice() {
                [] => String::new(),
                labels => format!(", while waiting for {}", labels.join(" and ")),
            };
            let ordinal = ordinal(polls);
            anyhow::Error::from(Diagnosis::new(format!(
                "dropped after its {ordinal} poll{waiting}: {error:#}"
            )))
        })?;
    }
    Err(Diagnosis::new(format!("still not finished after {MAX_POLLS} polls."))
        .into())
}

/// Drops a future after a given number of polls.
#[derive(Debug)]
pub struct Cancel {
    polls: usize,
    /// The open spans when it was dropped.
    dropped: RefCell<Option<Vec<String>>>,
}

impl Cancel {
    /// Polls `future` until it finishes or has used up its polls. In that case,
    /// drops it and returns `None`.
    pub async fn run<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let mut future = pin!(future);
        let mut polls = 0;
        poll_fn(|context| {
            if let Poll::Ready(value) = future.as_mut().poll(context) {
                return Poll::Ready(Some(value));
            }
            polls += 1;
            if polls < self.polls {
                return Poll::Pending;
            }
            self.dropped.replace(Some(open_spans()));
            Poll::Ready(None)
        })
        .await
    }
}

/// Formats a number as `1st`, `2nd`, `3rd`, `4th` ...
fn ordinal(n: usize) -> String {
    let ending = match (n % 10, n % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{n}{ending}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::sleep;
    use tracing::{Instrument, info_span};

    use super::*;
    use crate::check::{on_paused_clock, that};

    async fn step(n: u32) {
        sleep(Duration::from_millis(1)).instrument(info_span!("step", n)).await;
    }

    #[test]
    fn the_future_is_dropped_at_each_await_and_then_finishes() {
        let outcomes = RefCell::new(Vec::new());
        let result = on_paused_clock(cancelled_at_every_await(async |cancel| {
            let reached = std::cell::Cell::new(0);
            let steps = async {
                for n in 1..=3 {
                    step(n).await;
                    reached.set(n);
                }
                "done"
            };
            let outcome = cancel.run(steps).await;
            outcomes.borrow_mut().push((reached.get(), outcome));
            Ok(())
        }));
        assert!(result.is_ok());
        assert_eq!(
            outcomes.into_inner(),
            [(0, None), (1, None), (2, None), (3, Some("done"))]
        );
    }

    #[test]
    fn the_diagnosis_names_the_poll_and_the_open_span() {
        let result = on_paused_clock(cancelled_at_every_await(async |cancel| {
            let done = cancel.run(async { (step(1).await, step(2).await) }).await;
            that(done.is_some(), "not done.")
        }));
        assert_eq!(
            result.unwrap_err().to_string(),
            "dropped after its 1st poll, while waiting for `step n=1`: not done."
        );
    }

    #[test]
    fn the_future_is_dropped_before_the_scenario_continues() {
        let result = on_paused_clock(cancelled_at_every_await(async |cancel| {
            let held = std::sync::Arc::new(());
            let mine = held.clone();
            cancel.run(async move { (step(1).await, mine).1 }).await;
            that(std::sync::Arc::strong_count(&held) == 1, "still held.")
        }));
        assert!(result.is_ok(), "{result:?}");
    }

    #[test]
    fn ordinals_have_the_right_suffix() {
        let numbers = [1, 2, 3, 4, 11, 12, 13, 21, 22, 111];
        let ordinals = numbers.map(ordinal).join(" ");
        assert_eq!(ordinals, "1st 2nd 3rd 4th 11th 12th 13th 21st 22nd 111th");
    }
}
