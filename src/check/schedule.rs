//! Runs the same code with many orders of events, to find races.
//!
//! A current-thread runtime on the paused clock is deterministic: by itself it shows
//! only one of the orders in which tasks and responses can interleave. A
//! [`Schedule`] varies what decides the order, with a seeded random number
//! generator: how long each piece of work takes, how often a task yields, and when
//! the future under test is polled relative to the tasks that it spawned. A failing
//! seed can be run again and fails again.
//!
//! This is not exhaustive. loom would be, but it needs code written against its own
//! types, and its model has neither timers nor I/O.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::task::yield_now;

use super::Rng;

/// A random but reproducible order of events: the same seed gives the same order.
///
/// ```
/// use async_workbook::check::Schedule;
/// use std::time::Duration;
///
/// let (one, same) = (Schedule::new(17), Schedule::new(17));
/// assert_eq!(one.delay(), same.delay());
/// ```
#[derive(Clone, Debug)]
pub struct Schedule {
    seed: u64,
    rng: Rng,
}

impl Schedule {
    /// Creates the schedule of a seed.
    pub fn new(seed: u64) -> Self {
        Self { seed, rng: Rng::new(seed) }
    }

    /// Returns the seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Returns a random number below `below`, or 0 if `below` is 0.
    pub fn number(&self, below: usize) -> usize {
        self.rng.number(below)
    }

    /// Returns a random delay from 1 to 100 ms.
    pub fn delay(&self) -> Duration {
        self.rng.delay()
    }

    /// Shuffles `items`.
    pub fn shuffle<T>(&self, items: &mut [T]) {
        self.rng.shuffle(items);
    }

    /// Returns the generator of the schedule's numbers.
    pub fn rng(&self) -> &Rng {
        &self.rng
    }

    /// Yields up to three times.
    pub async fn pause(&self) {
        for _ in 0..self.number(4) {
            yield_now().await;
        }
    }

    /// Runs `future`, but delays each of its polls by up to three turns of the
    /// scheduler, so that tasks which it has spawned may run before it.
    pub async fn run<T>(&self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        let mut delay = 0;
        poll_fn(|context| {
            if delay > 0 {
                delay -= 1;
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            delay = self.number(4);
            future.as_mut().poll(context)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::{Arc, Mutex};

    use tokio::task::spawn;

    use super::*;
    use crate::check::on_paused_clock;

    /// Returns the order in which two tasks and the future that spawned them push
    /// their letters.
    fn order(seed: u64) -> String {
        let schedule = Schedule::new(seed);
        let letters = Arc::new(Mutex::new(String::new()));
        let write = |letter| {
            let letters = Arc::clone(&letters);
            async move {
                for _ in 0..2 {
                    letters.lock().unwrap().push(letter);
                    yield_now().await;
                }
            }
        };
        on_paused_clock(async {
            let all = async {
                let tasks = [spawn(write('a')), spawn(write('b'))];
                write('m').await;
                for task in tasks {
                    task.await?;
                }
                Ok(())
            };
            schedule.run(all).await
        })
        .unwrap();
        letters.lock().unwrap().clone()
    }

    #[test]
    fn orders_depend_on_the_seed_only() {
        let orders: HashSet<_> = (0..20).map(order).collect();
        assert!(orders.len() > 1, "{orders:?}");
        assert!((0..20).all(|seed| order(seed) == order(seed)));
    }

    #[test]
    fn a_shuffle_is_a_permutation() {
        let mut orders = HashSet::new();
        for seed in 0..100 {
            let mut items = [1, 2, 3];
            Schedule::new(seed).shuffle(&mut items);
            orders.insert(items);
            items.sort_unstable();
            assert_eq!(items, [1, 2, 3]);
        }
        assert_eq!(orders.len(), 6);
    }
}
