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
//! of them. Where the future awaits a task, the task runs on between two polls:
//! [`Cancel::run_and_wait`] lets it.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use anyhow::Result;
use tokio::time::sleep;

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
/// The first error of the scenario, with its picture, the number of the poll, and
/// the open spans if there are any.
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
            let when = format!("dropped after its {} poll{waiting}", ordinal(polls));
            anyhow::Error::from(Diagnosis::of(error).preceded_by(&when))
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
        self.run_and_wait(Duration::ZERO, future).await
    }

    /// Like [`run`](Self::run), but waits before it drops the future. The tasks that
    /// it has spawned run in that time.
    pub async fn run_and_wait<T>(
        &self,
        delay: Duration,
        future: impl Future<Output = T>,
    ) -> Option<T> {
        let mut future = pin!(future);
        let mut polls = 0;
        let value = poll_fn(|context| {
            if let Poll::Ready(value) = future.as_mut().poll(context) {
                return Poll::Ready(Some(value));
            }
            polls += 1;
            if polls < self.polls { Poll::Pending } else { Poll::Ready(None) }
        });
        let value = value.await;
        if value.is_none() {
            if !delay.is_zero() {
                sleep(delay).await;
            }
            self.dropped.replace(Some(open_spans()));
        }
        value
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
    use std::cell::Cell;

    use tracing::{Instrument, info_span};

    use super::*;
    use crate::check::{Probe, on_paused_clock, run, that};

    async fn step(n: u32) {
        sleep(Duration::from_millis(1)).instrument(info_span!("step", n)).await;
    }

    #[test]
    fn the_future_is_dropped_at_each_await_and_then_finishes() {
        let outcomes = RefCell::new(Vec::new());
        let result = on_paused_clock(cancelled_at_every_await(async |cancel| {
            let reached = Cell::new(0);
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
    fn a_task_may_run_before_the_future_that_awaits_it_is_dropped() {
        let begun = |delay| {
            let begun = Cell::new(None);
            let result = on_paused_clock(cancelled_at_every_await(async |cancel| {
                let probe = Probe::default();
                let awaits = tokio::spawn(probe.work(1, Duration::from_millis(9)));
                let dropped = cancel.run_and_wait(delay, awaits).await.is_none();
                begun.set(begun.get().or(dropped.then(|| probe.begun().len())));
                Ok(())
            }));
            assert!(result.is_ok(), "{result:?}");
            begun.get()
        };
        assert_eq!(begun(Duration::ZERO), Some(0));
        assert_eq!(begun(Duration::from_millis(1)), Some(1));
    }

    #[test]
    fn the_picture_of_a_run_is_kept() {
        let result = on_paused_clock(cancelled_at_every_await(async |cancel| {
            let run = run("a title", cancel.run(step(1))).await;
            run.that(false, "no.")
        }));
        let diagnosis = result.unwrap_err().downcast::<Diagnosis>().unwrap();
        let text = diagnosis.render(60, false);
        assert!(text.starts_with("Dropped after its 1st poll"), "{text}");
        assert!(text.contains("a title"), "{text}");
    }

    #[test]
    fn ordinals_have_the_right_suffix() {
        let numbers = [1, 2, 3, 4, 11, 12, 13, 21, 22, 111];
        let ordinals = numbers.map(ordinal).join(" ");
        assert_eq!(ordinals, "1st 2nd 3rd 4th 11th 12th 13th 21st 22nd 111th");
    }
}
