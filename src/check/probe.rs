//! Work whose fate is known.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::sleep;
use tracing::{Instrument, info_span};

/// Makes futures that do nothing but wait, and writes down what becomes of each.
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
/// drop(job(3)); // a future that was never polled has not begun
/// assert_eq!(probe.begun(), [1, 2]);
/// # });
/// ```
#[derive(Clone, Debug, Default)]
pub struct Probe(Arc<Mutex<Ledger>>);

#[derive(Debug, Default)]
struct Ledger {
    running: usize,
    peak: usize,
    begun: Vec<usize>,
    finished: Vec<usize>,
    dropped: Vec<usize>,
}

impl Probe {
    fn lock(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A future that waits for `time` and returns `number`.
    pub fn work(
        &self,
        number: usize,
        time: Duration,
    ) -> impl Future<Output = usize> + Send + use<> {
        let probe = self.clone();
        let work = async move {
            let mut fate = Fate::begin(probe, number);
            sleep(time).await;
            fate.finished = true;
            number
        };
        // In a block, so that the span begins with the work: not where the future is
        // made, which does nothing yet.
        async move {
            let span = info_span!("job", message = format!("job {number}"));
            work.instrument(span).await
        }
    }

    /// The most that ran at the same time.
    pub fn peak(&self) -> usize {
        self.lock().peak
    }

    /// How many run now.
    pub fn running(&self) -> usize {
        self.lock().running
    }

    /// Those that were polled at all, in the order they began.
    pub fn begun(&self) -> Vec<usize> {
        self.lock().begun.clone()
    }

    /// Those that came to their end, in that order.
    pub fn finished(&self) -> Vec<usize> {
        self.lock().finished.clone()
    }

    /// Those that began and were dropped before their end, in that order.
    pub fn dropped(&self) -> Vec<usize> {
        self.lock().dropped.clone()
    }
}

/// Lives as long as the work does.
struct Fate {
    probe: Probe,
    number: usize,
    finished: bool,
}

impl Fate {
    fn begin(probe: Probe, number: usize) -> Self {
        let mut ledger = probe.lock();
        ledger.begun.push(number);
        ledger.running += 1;
        ledger.peak = ledger.peak.max(ledger.running);
        drop(ledger);
        Self { probe, number, finished: false }
    }
}

impl Drop for Fate {
    fn drop(&mut self) {
        let mut ledger = self.probe.lock();
        ledger.running -= 1;
        let fates =
            if self.finished { &mut ledger.finished } else { &mut ledger.dropped };
        fates.push(self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::timeout;

    #[tokio::test(start_paused = true)]
    async fn finished_and_dropped_work_are_told_apart() {
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
}
