//! Reports why a check makes no progress, while it still runs.
//!
//! Code that never returns from a poll cannot be interrupted, so in the end
//! `cargo workbook` kills the process, and all that the process knows is lost. A second
//! thread therefore watches the one that runs the check, and reports what it sees:
//!
//! ```text
//! thread of the check   poll ... (never returns)
//!   counts its polls and parks, notes the time on its clock
//! watchdog              sample, sample, sample ... 2.5 s without progress: report
//! ```
//!
//! Progress means that the paused clock has moved or, on the real clock, that the thread
//! has parked. Without progress, the watchdog spawns a task that does nothing. If it does
//! not run, the thread is inside one poll; if it does, the runtime works, and something
//! keeps it busy, or it is idle and waits for another thread. The kernel's measurements
//! of the thread (see `thread_time.rs`) distinguish whether it computes or is blocked;
//! time in which other programs have the CPU does not count.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use super::clock;
use super::runner::Clock;
use super::threads::WATCHDOG;
use crate::thread_time::{Scheduled, Thread};
use crate::timeline::Spans;

/// The time between two samples.
const INTERVAL: Duration = Duration::from_millis(100);

/// The time without progress after which the watchdog reports a check.
const STALL_TIMEOUT: Duration =
    Duration::from_millis(if cfg!(test) { 500 } else { 2500 });

/// The time on the paused clock after which the watchdog reports a check that still
/// makes progress: it never ends.
const ENDLESS_TIMEOUT: Duration = Duration::from_secs(600);

/// The activity of the thread of a check, recorded by that thread.
#[derive(Debug, Default)]
pub(super) struct Activity {
    polls: AtomicU64,
    parks: AtomicU64,
    /// The time on tokio's clock since the check began, in milliseconds.
    millis: AtomicU64,
    /// The beginning of the check on tokio's clock.
    began: OnceLock<tokio::time::Instant>,
    /// The number of threads that the runtime has started for blocking tasks.
    blocking: AtomicU64,
}

impl Activity {
    pub fn polled(&self) {
        self.polls.fetch_add(1, SeqCst);
        self.note_time();
    }

    pub fn parked(&self) {
        self.parks.fetch_add(1, SeqCst);
        self.note_time();
    }

    pub fn started_blocking_thread(&self) {
        self.blocking.fetch_add(1, SeqCst);
    }

    /// Notes the time. Only the runtime's own threads see its clock.
    fn note_time(&self) {
        let now = tokio::time::Instant::now();
        let began = *self.began.get_or_init(|| now);
        let millis = now.saturating_duration_since(began).as_millis();
        self.millis.store(u64::try_from(millis).unwrap_or(u64::MAX), SeqCst);
    }
}

/// A report about a check that makes no progress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stuck {
    pub diagnosis: String,
    /// It can no longer pass, even if it makes progress.
    pub certain: bool,
}

/// Watches one check until it is dropped.
#[derive(Debug)]
pub(super) struct Watchdog {
    _end: Sender<()>,
}

/// The thread that is watched.
struct Watched {
    clock: Clock,
    thread: Thread,
    activity: Arc<Activity>,
    spans: Spans,
    runtime: Handle,
}

impl Watchdog {
    /// Starts to watch the current thread. `report` is called at most once.
    pub fn start(
        clock: Clock,
        activity: Arc<Activity>,
        spans: Spans,
        runtime: Handle,
        report: impl FnOnce(Stuck) + Send + 'static,
    ) -> Self {
        let (sender, end) = channel();
        let thread = Thread::current();
        let watched = Watched { clock, thread, activity, spans, runtime };
        let watch = move || {
            if let Some(stuck) = watched.watch(&end) {
                report(stuck);
            }
        };
        let thread = std::thread::Builder::new().name(WATCHDOG.to_owned());
        thread.spawn(watch).expect("the operating system starts a thread");
        Self { _end: sender }
    }
}

/// One sample of the state of a check.
#[derive(Clone, Copy)]
struct Sample {
    at: Instant,
    scheduled: Option<Scheduled>,
    polls: u64,
    parks: u64,
    millis: u64,
}

impl Sample {
    /// Returns the time since this sample, without the time in a run queue.
    fn elapsed(&self, now: &Self) -> Duration {
        let queued = self.scheduled.zip(now.scheduled);
        let queued = queued.map(|(from, to)| to.queued.saturating_sub(from.queued));
        (now.at - self.at).saturating_sub(queued.unwrap_or_default())
    }

    /// Returns the CPU time since this sample, if it is known.
    fn computed(&self, now: &Self) -> Option<Duration> {
        let (from, to) = self.scheduled.zip(now.scheduled)?;
        Some(to.cpu.saturating_sub(from.cpu))
    }
}

impl Watched {
    /// Returns a report once the check makes no progress, or `None` at its end.
    fn watch(&self, end: &Receiver<()>) -> Option<Stuck> {
        let began = self.sample();
        let mut last_progress = began;
        let mut last_sample = began;
        loop {
            match end.recv_timeout(INTERVAL) {
                Err(RecvTimeoutError::Timeout) => {}
                _ => return None,
            }
            let now = self.sample();
            let progress = match self.clock {
                Clock::Paused => now.millis != last_progress.millis,
                Clock::Real(_) => now.parks != last_progress.parks,
            };
            // After a long time without a sample, the process was suspended.
            if progress || now.at - last_sample.at > 10 * INTERVAL {
                last_progress = now;
            }
            last_sample = now;
            let endless = Duration::from_millis(now.millis) > ENDLESS_TIMEOUT
                && self.clock == Clock::Paused
                && began.elapsed(&now) > STALL_TIMEOUT;
            if endless {
                return Some(self.endless(&now));
            }
            if last_progress.elapsed(&now) > STALL_TIMEOUT {
                let turns = self.turns(end)?;
                return Some(self.stuck(&last_progress, &self.sample(), turns));
            }
        }
    }

    fn sample(&self) -> Sample {
        Sample {
            at: Instant::now(),
            scheduled: self.thread.scheduled(),
            polls: self.activity.polls.load(SeqCst),
            parks: self.activity.parks.load(SeqCst),
            millis: self.activity.millis.load(SeqCst),
        }
    }

    /// Returns true if the runtime still runs tasks, or `None` at the end of the check.
    fn turns(&self, end: &Receiver<()>) -> Option<bool> {
        let ran = Arc::new(AtomicBool::new(false));
        let mark = Arc::clone(&ran);
        self.runtime.spawn(async move { mark.store(true, SeqCst) });
        let from = self.sample();
        while !ran.load(SeqCst) && from.elapsed(&self.sample()) < 3 * INTERVAL {
            match end.recv_timeout(INTERVAL) {
                Err(RecvTimeoutError::Timeout) => {}
                _ => return None,
            }
        }
        Some(ran.load(SeqCst))
    }

    fn stuck(&self, from: &Sample, now: &Sample, turns: bool) -> Stuck {
        let elapsed = from.elapsed(now);
        let seconds = format!("{:.0} s", elapsed.as_secs_f64());
        let computed = from.computed(now);
        let computes = computed.map(|computed| computed >= elapsed / 2);
        let in_poll = spans("in", &self.spans.entered());
        let waiting = spans("waiting in", &self.spans.open());
        let certain = |diagnosis: String| Stuck { diagnosis, certain: true };
        let perhaps = |diagnosis: String| Stuck { diagnosis, certain: false };
        match (turns, computes) {
            (false, Some(true)) => certain(format!(
                "the thread has computed for {seconds} within one poll{in_poll}: \
                 nothing in that code waits"
            )),
            (false, Some(false)) => certain(format!(
                "the thread has been blocked for {seconds} within one poll{in_poll}, \
                 and has hardly computed. A lock of `std`, `block_on`, `std::thread::sleep`, \
                 joining a thread and reading stdin can block it; an `.await` does not"
            )),
            (false, None) => perhaps(format!(
                "the thread has not returned from one poll for {seconds}{in_poll}: it \
                 computes or is blocked"
            )),
            (true, Some(false)) if self.clock != Clock::Paused => perhaps(format!(
                "the runtime has been idle for {seconds}{waiting}: it waits for \
                 something that does not happen, such as the answer of a server"
            )),
            (true, Some(false)) => {
                let idle =
                    format!("the runtime has been idle for {seconds}{waiting}");
                if self.activity.blocking.load(SeqCst) == 0 {
                    return perhaps(format!(
                        "{idle}, and its clock is no longer paused: \
                         was `tokio::time::resume` called?"
                    ));
                }
                // The test server responds when the clock moves.
                let requests = self.spans.open();
                let requested =
                    requests.iter().any(|span| span.starts_with("`GET /"));
                let certain = requested && !clock::is_stopped();
                let cause = match certain {
                    true => {
                        ": if the task waits for a response of the test server, it \
                         waits forever. With a real clock it would not"
                    }
                    false => "",
                };
                let diagnosis = format!(
                    "{idle}, while a task of `spawn_blocking` runs. The clock of this \
                     check is paused, and such a task keeps it from moving{cause}"
                );
                Stuck { diagnosis, certain }
            }
            (true, _) => {
                let polls = now.polls - from.polls;
                let what = match polls {
                    0 | 1 => "its tasks keep waking themselves".to_owned(),
                    _ => format!("it was polled {polls} times"),
                };
                let clock = match self.clock {
                    Clock::Paused => "its clock has not moved",
                    Clock::Real(_) => "it has not waited for anything",
                };
                let diagnosis = format!(
                    "for {seconds}, {what}{waiting}, and {clock}: it \
                     busy-loops instead of waiting, as a loop of `yield_now` does"
                );
                Stuck { diagnosis, certain: computes == Some(true) }
            }
        }
    }

    fn endless(&self, now: &Sample) -> Stuck {
        let minutes = now.millis / 60_000;
        let repeated = match self.spans.most_frequent() {
            Some((label, times)) if times > 10 => {
                format!(", `{label}` {times} times")
            }
            _ => String::new(),
        };
        let waiting = spans("still waiting in", &self.spans.open());
        let diagnosis = format!(
            "{minutes} minutes have passed on its clock{repeated}, and it goes \
             on{waiting}"
        );
        Stuck { diagnosis, certain: true }
    }
}

/// Formats spans: `, in a, b`.
fn spans(preposition: &str, labels: &[String]) -> String {
    const SHOWN: usize = 3;
    let more = labels.len().saturating_sub(SHOWN);
    match labels {
        [] => String::new(),
        _ if more > 0 => {
            let shown = labels[..SHOWN].join(", ");
            format!(", {preposition} {shown} and {more} more")
        }
        _ => format!(", {preposition} {}", labels.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::sync::{Mutex, mpsc};

    use tokio::task::{spawn, spawn_blocking, yield_now};
    use tokio::time::sleep;
    use tracing::{Instrument, info_span};

    use super::*;
    use crate::check::runner::{on_clock, report_stuck_to};

    const MS: Duration = Duration::from_millis(1);

    /// Runs a check on a thread of its own, and returns the watchdog's report. Endless
    /// checks stop when the flag is set.
    fn report<F: Future<Output = ()>>(
        clock: Clock,
        check: impl FnOnce(Arc<AtomicBool>) -> F + Send + 'static,
    ) -> Option<Stuck> {
        let (sender, receiver) = mpsc::channel();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        std::thread::spawn(move || {
            let report = sender.clone();
            report_stuck_to(Arc::new(move |stuck| drop(report.send(Some(stuck)))));
            let check = async {
                check(stopped).await;
                Ok(())
            };
            let _ = on_clock(clock, check);
            let _ = sender.send(None);
        });
        let report = receiver.recv().unwrap();
        stop.store(true, SeqCst);
        report
    }

    fn has_measurements() -> bool {
        Thread::current().scheduled().is_some()
    }

    #[track_caller]
    fn reports(stuck: Option<Stuck>, certain: bool, parts: &[&str]) {
        if !has_measurements() {
            return;
        }
        let stuck = stuck.expect("a report");
        for part in parts {
            assert!(stuck.diagnosis.contains(part), "{part}: {stuck:?}");
        }
        assert_eq!(stuck.certain, certain, "{stuck:?}");
    }

    #[test]
    fn a_check_that_ends_is_not_reported() {
        let slow = |_| sleep(300_000 * MS);
        assert_eq!(report(Clock::Paused, slow), None);
    }

    #[test]
    fn a_blocked_poll_is_distinguished_from_one_that_computes() {
        let lock = Arc::new(Mutex::new(()));
        let mine = Arc::clone(&lock);
        let held = lock.lock().unwrap();
        let lock_it = async move { drop(mine.lock()) };
        let locked = |_| lock_it.instrument(info_span!("save", n = 1));
        let parts =
            ["blocked for", "within one poll, in `save n=1`, and has hardly"];
        reports(report(Clock::Paused, locked), true, &parts);
        drop(held);

        let parts = ["the thread has computed for", "within one poll: nothing in"];
        let endless =
            |stop: Arc<AtomicBool>| async move { while !stop.load(SeqCst) {} };
        reports(report(Clock::Real(60_000 * MS), endless), true, &parts);
    }

    async fn yields_until(stop: Arc<AtomicBool>) {
        while !stop.load(SeqCst) {
            yield_now().await;
        }
    }

    #[test]
    fn a_loop_of_yields_is_recognized() {
        let parts =
            ["it was polled", "times, and its clock has not moved", "`yield_now`"];
        reports(report(Clock::Paused, yields_until), true, &parts);
        let in_a_task = |stop| async { drop(spawn(yields_until(stop)).await) };
        let parts = ["its tasks keep waking themselves", "its clock has not moved"];
        reports(report(Clock::Paused, in_a_task), true, &parts);
    }

    #[test]
    fn a_blocking_task_that_waits_for_the_paused_clock_is_recognized() {
        let nested = |_| async {
            let handle = Handle::current();
            let wait = move || handle.block_on(sleep(100 * MS));
            let _ = spawn_blocking(wait).await;
        };
        let parts =
            ["the runtime has been idle", "`spawn_blocking`", "it from moving"];
        reports(report(Clock::Paused, nested), false, &parts);

        let parts = ["`spawn_blocking`", "it from moving: if the task waits for a"];
        // The request is in flight, and only the clock could end it.
        let requests = |_| async {
            let handle = Handle::current();
            let respond = sleep(100 * MS).instrument(info_span!("GET /page/1"));
            let request = spawn(respond);
            let _ = spawn_blocking(move || handle.block_on(request)).await;
        };
        reports(report(Clock::Paused, requests), true, &parts);

        let held = |_| async {
            let _clock = clock::stop_clock();
            pending::<()>().instrument(info_span!("GET /page/1")).await;
        };
        let parts = ["waiting in `GET /page/1`", "keeps it from moving"];
        let held = report(Clock::Paused, held);
        reports(held.clone(), false, &parts);
        assert!(held.is_none_or(|held| !held.diagnosis.contains("waits forever")));
    }

    #[test]
    fn waiting_on_the_real_clock_is_not_a_busy_loop() {
        let waits = |_| pending().instrument(info_span!("query"));
        let parts =
            ["the runtime has been idle for", ", waiting in `query`: it waits"];
        reports(report(Clock::Real(60_000 * MS), waits), false, &parts);
    }

    #[test]
    fn an_endless_retry_is_reported_with_its_number() {
        let retries = |stop: Arc<AtomicBool>| async move {
            while !stop.load(SeqCst) {
                sleep(1000 * MS).instrument(info_span!("GET /flaky")).await;
                std::hint::black_box((0..500_000).sum::<u64>());
            }
        };
        let parts =
            ["minutes have passed on its clock, `GET /flaky` ", " times, and it"];
        reports(report(Clock::Paused, retries), true, &parts);
    }
}
