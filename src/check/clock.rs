//! Stops the paused clock while something outside of the runtime has to happen first.

use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::sleep;

/// The longest real time for which the clock stops: no check needs more, and code
/// under test that never ends must not block a thread for longer.
const STOP_TIMEOUT: Duration = Duration::from_secs(3);

/// The number of [`StoppedClock`]s.
static STOPPED: AtomicUsize = AtomicUsize::new(0);

/// Keeps the paused clock from moving until it is dropped.
#[derive(Debug)]
pub struct StoppedClock(
    #[expect(dead_code, reason = "its drop is the signal")] Sender<()>,
);

impl Drop for StoppedClock {
    fn drop(&mut self) {
        STOPPED.fetch_sub(1, SeqCst);
    }
}

/// Returns true if a check has stopped its clock.
pub(super) fn is_stopped() -> bool {
    STOPPED.load(SeqCst) > 0
}

/// Stops the paused clock of the current runtime, for at most 3 s of real time.
///
/// The paused clock jumps to the next timer as soon as the runtime has nothing to do,
/// also while a plain thread works or the kernel still delivers data. It does not
/// jump while one of tokio's blocking threads works, so this occupies one.
///
/// ```
/// use async_workbook::check;
/// use std::time::Duration;
/// use tokio::{sync::oneshot, time::timeout};
///
/// let received = check::on_paused_clock(async {
///     let (sender, receiver) = oneshot::channel();
///     let clock = check::stop_clock();
///     std::thread::spawn(move || sender.send(7));
///     let received = timeout(Duration::from_millis(1), receiver).await??;
///     drop(clock);
///     Ok(received)
/// });
/// assert_eq!(received.unwrap(), 7);
/// ```
///
/// # Panics
///
/// Outside a tokio runtime.
pub fn stop_clock() -> StoppedClock {
    let (sender, dropped) = channel();
    STOPPED.fetch_add(1, SeqCst);
    spawn_blocking(move || dropped.recv_timeout(STOP_TIMEOUT));
    StoppedClock(sender)
}

/// The real time in which a thread with little work ends.
const THREAD_TIMEOUT: Duration = Duration::from_millis(300);

/// Returns true if a future that did not end on the paused clock ends soon in real
/// time: it waits for another thread, and the clock did not wait for that.
///
/// ```
/// use async_workbook::check;
/// use std::time::Duration;
/// use tokio::{sync::oneshot, time::timeout};
///
/// let waits = check::on_paused_clock(async {
///     let (sender, mut receiver) = oneshot::channel();
///     let (start, started) = std::sync::mpsc::channel();
///     std::thread::spawn(move || started.recv().map(|()| sender.send(7)));
///     let ended = timeout(Duration::from_secs(60), &mut receiver).await;
///     start.send(())?;
///     Ok(ended.is_err() && check::waits_for_a_thread(receiver).await)
/// });
/// assert!(waits.unwrap());
/// ```
pub async fn waits_for_a_thread(future: impl Future) -> bool {
    tokio::select! {
        biased;
        _ = future => true,
        _ = spawn_blocking(|| thread::sleep(THREAD_TIMEOUT)) => false,
    }
}

/// The real time without another request after which no more are expected.
const ARRIVAL_TIMEOUT: Duration = Duration::from_millis(500);

/// Lets many requests arrive together; see [`arrive_together`].
#[derive(Debug)]
pub struct ArriveTogether(JoinHandle<()>);

/// Stops the paused clock until `count` requests are in flight, and again when a
/// server responds to them, `after` that, until the guard is dropped.
///
/// The clock moves as soon as the runtime has nothing to do. With hundreds of
/// connections, the kernel may not have delivered everything by then. If code limits
/// the number of its requests, the clock moves on when no more of them arrive.
///
/// # Panics
///
/// Outside a tokio runtime.
pub fn arrive_together(
    count: usize,
    after: Duration,
    in_flight: impl Fn() -> usize + Send + 'static,
) -> ArriveTogether {
    ArriveTogether(tokio::spawn(async move {
        let arrival = spawn_blocking(move || {
            let mut last = (0, Instant::now());
            while last.0 < count && last.1.elapsed() < ARRIVAL_TIMEOUT {
                thread::sleep(Duration::from_millis(1));
                let now = in_flight();
                if now != last.0 {
                    last = (now, Instant::now());
                }
            }
        });
        // An error means that the runtime shuts down.
        let _ = arrival.await;
        sleep(after).await;
        let _stopped = stop_clock();
        pending().await
    }))
}

impl Drop for ArriveTogether {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::check::on_paused_clock;

    #[test]
    fn the_clock_waits_for_requests_from_another_thread() {
        let took = on_paused_clock(async {
            let in_flight = Arc::new(AtomicUsize::new(0));
            let seen = Arc::clone(&in_flight);
            let after = Duration::from_millis(100);
            let began = tokio::time::Instant::now();
            let arriving = arrive_together(3, after, move || seen.load(SeqCst));
            let arrived = Arc::clone(&in_flight);
            thread::spawn(move || {
                for _ in 0..3 {
                    thread::yield_now();
                    in_flight.fetch_add(1, SeqCst);
                }
            });
            sleep(after).await;
            assert_eq!(arrived.load(SeqCst), 3);
            drop(arriving);
            Ok(began.elapsed())
        });
        assert_eq!(took.unwrap(), Duration::from_millis(100));
    }
}
