//! Futures that log when they start, finish, or are dropped.
//!
//! A check hands these futures to the learner's code and reads the log afterwards.
//! Each future holds a [`DropGuard`] across its only `.await`. Rust drops the guard
//! however the future ends: at its end, or where the future is dropped before it is
//! done. Nothing else reveals that a future was cancelled.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task;
use tokio::time::{Instant, sleep};
use tracing::{Instrument, info_span};

/// Creates futures that only sleep, and logs what happens to each of them.
///
/// ```
/// use async_workbook::check::Probe;
/// use std::time::Duration;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true)
/// #     .build().unwrap().block_on(async {
/// let probe = Probe::default();
/// let job = |number| probe.work(number, Duration::from_millis(10));
/// let (one, two) = tokio::join!(job(1), job(2));
/// assert_eq!((one, two), (1, 2));
/// assert_eq!(probe.peak(), 2);
///
/// drop(job(3)); // never polled, so it did not start
/// assert_eq!(probe.begun(), [1, 2]);
/// # });
/// ```
#[derive(Clone, Debug, Default)]
pub struct Probe(Arc<Mutex<Log>>);

#[derive(Debug, Default)]
struct Log {
    running: usize,
    peak: usize,
    begun: Vec<(usize, Instant)>,
    /// The number of futures that were first polled by a spawned task.
    in_tasks: usize,
    finished: Vec<usize>,
    dropped: Vec<usize>,
}

impl Probe {
    fn lock(&self) -> MutexGuard<'_, Log> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a future that sleeps for `time` and returns `number`.
    pub fn work(
        &self,
        number: usize,
        time: Duration,
    ) -> impl Future<Output = usize> + Send + use<> {
        let probe = self.clone();
        let work = async move {
            let mut guard = DropGuard::new(probe, number);
            sleep(time).await;
            guard.finished = true;
            number
        };
        // The span is created inside an async block so that it begins with the first
        // poll: a future does nothing when it is created.
        async move {
            let span = info_span!("job", message = format!("job {number}"));
            work.instrument(span).await
        }
    }

    /// Returns the most futures that were running at the same time.
    pub fn peak(&self) -> usize {
        self.lock().peak
    }

    /// Returns the number of futures that are running.
    pub fn running(&self) -> usize {
        self.lock().running
    }

    /// Returns the numbers of the futures that were polled, in the order of their
    /// first poll.
    pub fn begun(&self) -> Vec<usize> {
        self.lock().begun.iter().map(|(number, _)| *number).collect()
    }

    /// Returns the time of the first poll of the future with this number, if it was
    /// polled.
    pub fn start(&self, number: usize) -> Option<Instant> {
        let log = self.lock();
        Some(log.begun.iter().find(|(begun, _)| *begun == number)?.1)
    }

    /// Returns true if all futures that were polled were first polled by a spawned
    /// task.
    pub fn all_in_tasks(&self) -> bool {
        let log = self.lock();
        log.in_tasks == log.begun.len()
    }

    /// Returns the numbers of the futures that finished, in the order of their ends.
    pub fn finished(&self) -> Vec<usize> {
        self.lock().finished.clone()
    }

    /// Returns the numbers of the futures that were dropped after their first poll
    /// and before their end, in the order of their drops.
    pub fn dropped(&self) -> Vec<usize> {
        self.lock().dropped.clone()
    }
}

/// Logs the end of a future when it is dropped.
struct DropGuard {
    probe: Probe,
    number: usize,
    finished: bool,
}

impl DropGuard {
    fn new(probe: Probe, number: usize) -> Self {
        let mut log = probe.lock();
        log.begun.push((number, Instant::now()));
        log.in_tasks += usize::from(task::try_id().is_some());
        log.running += 1;
        log.peak = log.peak.max(log.running);
        drop(log);
        Self { probe, number, finished: false }
    }
}

impl Drop for DropGuard {
    fn drop(&mut self) {
        let mut log = self.probe.lock();
        log.running -= 1;
        let numbers =
            if self.finished { &mut log.finished } else { &mut log.dropped };
        numbers.push(self.number);
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn finished_and_dropped_futures_are_distinguished() {
        let probe = Probe::default();
        let ms = Duration::from_millis;
        let both = async {
            tokio::join!(probe.work(3, ms(10)), probe.work(4, ms(30)));
        };
        let mut both = Box::pin(both);
        assert!(timeout(ms(20), &mut both).await.is_err());
        assert_eq!((probe.peak(), probe.running()), (2, 1));
        drop(both);
        assert_eq!(probe.begun(), [3, 4]);
        assert_eq!(probe.finished(), [3]);
        assert_eq!(probe.dropped(), [4]);
        assert_eq!((probe.peak(), probe.running()), (2, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_start_has_a_time_and_maybe_a_task() {
        let (probe, began) = (Probe::default(), Instant::now());
        let ms = Duration::from_millis;
        task::spawn(probe.work(1, ms(10))).await.unwrap();
        assert!(probe.all_in_tasks());
        probe.work(2, ms(10)).await;
        assert!(!probe.all_in_tasks());
        let starts = [1, 2, 3].map(|n| probe.start(n).map(|start| start - began));
        assert_eq!(starts, [Some(ms(0)), Some(ms(10)), None]);
    }
}
