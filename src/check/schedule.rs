//! The same code in many orders.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use tokio::task::yield_now;

/// One order of events among many, told by its seed: the same seed, the same order.
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
    state: Cell<u64>,
}

impl Schedule {
    /// The schedule of this seed, from its beginning.
    pub fn new(seed: u64) -> Self {
        Self { seed, state: Cell::new(seed) }
    }

    /// The number that makes this schedule what it is.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// A number from 0 to `below - 1`; 0 when there is none.
    ///
    /// The generator is SplitMix64 (Steele, Lea and Flood, 2014).
    pub fn number(&self, below: usize) -> usize {
        let state = self.state.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.state.set(state);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        // The remainder is far below usize's maximum.
        (z ^ (z >> 31)).checked_rem(below as u64).unwrap_or(0) as usize
    }

    /// From 1 to 100 ms.
    pub fn delay(&self) -> Duration {
        Duration::from_millis(self.number(100) as u64 + 1)
    }

    /// Puts `items` into another order.
    pub fn shuffle<T>(&self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.number(last + 1));
        }
    }

    /// Lets others go first, as often as this schedule wants: up to three times.
    pub async fn pause(&self) {
        for _ in 0..self.number(4) {
            yield_now().await;
        }
    }

    /// Polls `future` later than it could be, each time it is woken, so that the tasks
    /// which it has spawned run before it or after it.
    pub async fn run<T>(&self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        let mut late = 0;
        poll_fn(|context| {
            if late > 0 {
                late -= 1;
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            late = self.number(4);
            future.as_mut().poll(context)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::on_paused_clock;
    use std::collections::HashSet;
    use std::sync::{Arc, Mutex};
    use tokio::task::spawn;

    /// The order in which two tasks and the future that spawned them write their
    /// letters.
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
    fn seeds_make_orders_and_the_same_seed_the_same() {
        let orders: HashSet<_> = (0..20).map(order).collect();
        assert!(orders.len() > 1, "{orders:?}");
        assert!((0..20).all(|seed| order(seed) == order(seed)));
    }

    #[test]
    fn a_shuffle_keeps_everything() {
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

    #[test]
    fn numbers_stay_below() {
        let schedule = Schedule::new(3);
        let seen: HashSet<_> = (0..100).map(|_| schedule.number(4)).collect();
        assert_eq!(seen, HashSet::from([0, 1, 2, 3]));
        assert_eq!(schedule.number(0), 0);
        assert!(
            (0..1000).all(|_| (1..=100).contains(&schedule.delay().as_millis()))
        );
    }
}
