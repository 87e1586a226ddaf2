//! Futures that are dropped half-way.

use super::diagnosis::Diagnosis;
use super::scene::open_spans;
use anyhow::Result;
use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// More polls than any future of an exercise needs.
const MAX_POLLS: usize = 10_000;

/// Runs a scenario again and again, and drops the future in it after its first poll,
/// its second, and so on, until it comes to its end by itself. So it is dropped at
/// every `.await` at which it can be.
///
/// The scenario makes everything anew, hands the future to [`Cancel::run`], and then
/// checks what must hold whether the future was dropped or not.
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
///             yield_now().await; // dropped here, the 10 are in neither
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
/// What the scenario says, with the number of the poll, and what the future waited
/// for where a span tells it.
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
                labels => format!(", while {} waited", labels.join(" and ")),
            };
            let after = nth(polls);
            anyhow::Error::from(Diagnosis::new(format!(
                "dropped after its {after} poll{waiting}: {error:#}"
            )))
        })?;
    }
    Err(Diagnosis::new(format!("not done after {MAX_POLLS} polls.")).into())
}

/// Drops a future after a certain number of polls.
#[derive(Debug)]
pub struct Cancel {
    polls: usize,
    /// What it waited for when it was dropped.
    dropped: RefCell<Option<Vec<String>>>,
}

impl Cancel {
    /// Polls `future`, each time it is woken, until it is done or it is time to drop
    /// it; then returns `None`, when it is dropped already.
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

fn nth(n: usize) -> String {
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
    use super::*;
    use crate::check::{on_paused_clock, that};
    use std::time::Duration;
    use tokio::time::sleep;
    use tracing::{Instrument, info_span};

    async fn step(n: u32) {
        sleep(Duration::from_millis(1)).instrument(info_span!("step", n)).await;
    }

    #[test]
    fn every_await_is_tried_and_then_the_end() {
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
    fn the_poll_and_what_it_waited_for_are_named() {
        let result = on_paused_clock(cancelled_at_every_await(async |cancel| {
            let done = cancel.run(async { (step(1).await, step(2).await) }).await;
            that(done.is_some(), "not done.")
        }));
        assert_eq!(
            result.unwrap_err().to_string(),
            "dropped after its 1st poll, while `step n=1` waited: not done."
        );
    }

    #[test]
    fn the_future_is_dropped_before_the_scenario_goes_on() {
        let result = on_paused_clock(cancelled_at_every_await(async |cancel| {
            let held = std::sync::Arc::new(());
            let mine = held.clone();
            cancel.run(async move { (step(1).await, mine).1 }).await;
            that(std::sync::Arc::strong_count(&held) == 1, "still held.")
        }));
        assert!(result.is_ok(), "{result:?}");
    }

    #[test]
    fn numbers_have_their_endings() {
        let numbers = [1, 2, 3, 4, 11, 12, 13, 21, 22, 111];
        let said = numbers.map(nth).join(" ");
        assert_eq!(said, "1st 2nd 3rd 4th 11th 12th 13th 21st 22nd 111th");
    }
}
