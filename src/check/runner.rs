//! Runs the code of a check: on a current-thread runtime, with the clock paused,
//! while recording its spans and watching for panics, deadlocks and a blocked
//! thread.
//!
//! **Time.** Tokio's paused clock only moves when the runtime has nothing to poll;
//! then it jumps to the next timer. Sleeps cost no real time, and a duration is
//! exactly the sum of what the code waited for, whatever the machine does.
//!
//! **Deadlocks.** The future under test runs inside a `timeout` of one virtual hour.
//! If all tasks wait for each other, that is the only timer left, so the clock jumps
//! straight to it: a deadlock is detected within a millisecond of real time. (If the
//! future ends soon after that, it was not one: another thread was to wake it.) An
//! endless loop of short sleeps reaches the hour, too, but step by step: its
//! future is still polled late in that hour. On the real clock ([`Clock::Real`]), for
//! checks that use a PostgreSQL server, the timeout is just a timeout. Code that never
//! returns from a poll cannot be interrupted from here; `watchdog.rs` reports it, and
//! `cargo workbook` kills the process.
//!
//! **A blocked thread.** The runtime's park and unpark hooks measure how the thread
//! spends its time (`busy.rs`).
//!
//! **Moving the clock.** Between an unpark and the next park the paused clock does not
//! move, unless the code under test moves it with `tokio::time::advance` or `resume`. The
//! same hooks compare the two times during a run: such code works only in a test.
//!
//! **Panics.** A panic hook records them (`panics.rs`).
//!
//! The state of a check is in thread-locals, because the hooks take no arguments,
//! and because `cargo test` runs each test on a thread of its own.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use anyhow::Result;
use futures::future::{FutureExt, LocalBoxFuture};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::time::timeout;
use tracing_subscriber::layer::SubscriberExt;

use super::assertions::Pace;
use super::busy::Busy;
use super::calls::{Call, Calls};
use super::clock::waits_for_a_thread;
use super::diagnosis::{Diagnosis, Kind};
use super::panics::catch_panics;
use super::pool::server_is_silent;
use super::watchdog::{Activity, Stuck, Watchdog};
use crate::timeline::{Recorder, Row, Section, Spans};

/// The virtual time after which a future counts as stuck. The clock jumps there at
/// once if nothing else can happen.
const VIRTUAL_TIME_LIMIT: Duration = Duration::from_secs(3600);

/// The clock that a check runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clock {
    Paused,
    /// The real clock, with a time limit.
    Real(Duration),
}

impl Clock {
    fn limit(self) -> Duration {
        match self {
            Self::Paused => VIRTUAL_TIME_LIMIT,
            Self::Real(limit) => limit,
        }
    }

    /// Returns true if the time limit of the real clock is over after less real time: the
    /// code has moved the clock.
    fn is_early(self, elapsed: Duration) -> bool {
        self != Self::Paused && elapsed < self.limit() / 2
    }
}

/// Runs `future` on tokio's paused clock, where times are exact and sleeps are free.
///
/// ```
/// use async_workbook::check;
/// use std::time::Duration;
///
/// let stuck = check::on_paused_clock(async {
///     let lock = tokio::sync::Mutex::new(0);
///     let _first = lock.lock().await;
///     let _second = lock.lock().await;
///     Ok(())
/// });
/// assert!(stuck.unwrap_err().to_string().starts_with("deadlock: "));
/// ```
///
/// # Errors
///
/// The error of the future, or a [`Diagnosis`] if it panics or never finishes.
///
/// # Panics
///
/// If called from async code, or if the runtime cannot be built.
pub fn on_paused_clock<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    on_clock(Clock::Paused, future)
}

pub(super) fn on_clock<T>(
    clock: Clock,
    future: impl Future<Output = Result<T>>,
) -> Result<T> {
    let mut value = None;
    let save = async {
        value = Some(future.await?);
        Ok(())
    };
    block_on(clock, pin!(save))?;
    Ok(value.expect("the future has finished without an error"))
}

/// A type-erased future.
///
/// Generic and async functions are compiled in the crate that calls them: in each build
/// of an exercise, for each of its checks. To keep that code small, they pass such a
/// future, which stores its own result, to a function that the library compiles once.
pub(super) type Opaque<'a, T = ()> = Pin<&'a mut dyn Future<Output = T>>;

/// Runs a future on a runtime of its own; see [`on_paused_clock`].
pub(super) fn block_on(
    clock: Clock,
    mut future: Opaque<'_, Result<()>>,
) -> Result<()> {
    let activity = Arc::new(Activity::default());
    let runtime = runtime(clock, &activity);
    let spans = Spans::default();
    let report = REPORT.with_borrow(Clone::clone);
    let _watchdog = report.map(|report| {
        let (activity, spans) = (Arc::clone(&activity), spans.clone());
        let runtime = runtime.handle().clone();
        Watchdog::start(clock, activity, spans, runtime, move |stuck| report(stuck))
    });
    let recorder = Recorder { spans: spans.clone(), requests: true };
    let _recording = tracing::subscriber::set_default(
        tracing_subscriber::registry().with(recorder),
    );
    SPANS.set(Some(spans.clone()));
    let watched = async {
        let began = tokio::time::Instant::now();
        let began_really = Instant::now();
        let mut last_poll = Duration::ZERO;
        let polled = poll_fn(|context| {
            // When the timeout fires, it polls the future once more. That poll does
            // not count: nothing woke the future.
            activity.polled();
            last_poll = Some(began.elapsed())
                .filter(|&now| now < clock.limit())
                .unwrap_or(last_poll);
            future.as_mut().poll(context)
        });
        match timeout(clock.limit(), polled).await {
            Ok(result) => result,
            // A check may move its clock by a few seconds, but not by most of its limit.
            Err(_) if clock.is_early(began_really.elapsed()) => {
                Err(Diagnosis::new(CLOCK_MOVED).into())
            }
            // The future has not been dropped yet, so its spans are still open.
            Err(_elapsed) => {
                let stuck = stuck(clock, last_poll, &spans);
                let waits = clock == Clock::Paused
                    && last_poll <= VIRTUAL_TIME_LIMIT / 2
                    && waits_for_a_thread(future).await;
                Err(if waits { Diagnosis::new(OTHER_THREAD) } else { stuck }.into())
            }
        }
    };
    BLOCKED_THREAD.take();
    LAST_RUN.take();
    CLOCK.set(CheckClock { paused: clock == Clock::Paused, ..CheckClock::IDLE });
    let result = catch_panics(|| runtime.block_on(watched));
    // Code that moves the clock makes every time wrong. Code that blocks the thread
    // fails a check that it would otherwise pass.
    let result = match BLOCKED_THREAD.take() {
        _ if CLOCK.take().moved => Err(Diagnosis::new(CLOCK_MOVED).into()),
        Some(blocked) if result.is_ok() => Err(blocked.into()),
        _ => result,
    };
    SPANS.set(None);
    // Dropping the runtime would wait for blocking tasks, which may never end.
    runtime.shutdown_background();
    result
}

fn runtime(clock: Clock, activity: &Arc<Activity>) -> Runtime {
    let mut builder = Builder::new_current_thread();
    builder.enable_all().start_paused(clock == Clock::Paused);
    // The thread parks whenever there is nothing to poll.
    let parking = Arc::clone(activity);
    let park = move || {
        Busy::park();
        CheckClock::compare();
        parking.parked();
    };
    let activity = Arc::clone(activity);
    builder.on_thread_park(park).on_thread_unpark(|| {
        Busy::unpark();
        CheckClock::note();
    });
    builder.on_thread_start(move || activity.started_blocking_thread());
    builder.build().expect("a current-thread runtime can be built")
}

const OTHER_THREAD: &str = "it waits for another thread, or for a task of another runtime. \
    The paused clock of this check does not, and jumped ahead by an hour.";

/// Explains why a future did not finish within the time limit. `last_poll` is when
/// it was last polled.
fn stuck(clock: Clock, last_poll: Duration, spans: &Spans) -> Diagnosis {
    let waiting = spans.open();
    let waiting = match waiting.as_slice() {
        [] => String::new(),
        open => format!(" Still waiting: {}.", open.join(", ")),
    };
    let repeated = match spans.most_frequent() {
        Some((label, times)) if times > 10 => format!(", `{label}` {times} times"),
        _ => String::new(),
    };
    Diagnosis::new(match clock {
        // Something kept waking it up, which does not happen in a deadlock.
        Clock::Paused if last_poll > VIRTUAL_TIME_LIMIT / 2 => format!(
            "still not finished after an hour on the paused clock: it keeps sleeping \
             and waking up{repeated}.{waiting}"
        ),
        Clock::Paused => format!(
            "deadlock: every task is waiting, and nothing is left that could wake one.\
             {waiting}"
        ),
        Clock::Real(_) if server_is_silent() => format!(
            "the PostgreSQL server does not answer: it may be suspended or overloaded. \
             Check again once it does.{waiting}"
        ),
        Clock::Real(limit) => format!(
            "still not finished after {} s: it waits for something that does not \
             happen.{waiting}",
            limit.as_secs_f64()
        ),
    })
}

/// Receives the watchdog's report.
pub(super) type Report = Arc<dyn Fn(Stuck) + Send + Sync>;

/// Sets the function to which the checks on this thread report that they are stuck.
pub(super) fn report_stuck_to(report: Report) {
    REPORT.set(Some(report));
}

thread_local! {
    static REPORT: RefCell<Option<Report>> = const { RefCell::new(None) };
    /// The spans of the current check.
    static SPANS: RefCell<Option<Spans>> = const { RefCell::new(None) };
    /// The diagnosis of a run that blocked the thread.
    static BLOCKED_THREAD: RefCell<Option<Diagnosis>> = const { RefCell::new(None) };
    /// The recording of the latest run.
    static LAST_RUN: RefCell<Option<Section>> = const { RefCell::new(None) };
    static CLOCK: Cell<CheckClock> = const { Cell::new(CheckClock::IDLE) };
}

/// Detects that code under test moves the clock of the current check.
#[derive(Clone, Copy)]
struct CheckClock {
    paused: bool,
    /// During a run, the time when the thread began or unparked.
    since: Option<tokio::time::Instant>,
    moved: bool,
}

impl Default for CheckClock {
    fn default() -> Self {
        Self::IDLE
    }
}

impl CheckClock {
    const IDLE: Self = Self { paused: false, since: None, moved: false };

    /// Begins to watch the clock.
    fn watch() {
        let since = Some(tokio::time::Instant::now());
        CLOCK.set(Self { since, ..CLOCK.get() });
    }

    fn note() {
        if CLOCK.get().since.is_some() {
            Self::watch();
        }
    }

    fn compare() {
        let clock = CLOCK.get();
        let differs = |since| since != tokio::time::Instant::now();
        let moves = clock.paused && clock.since.is_some_and(differs);
        CLOCK.set(Self { moved: clock.moved || moves, ..clock });
    }

    /// Ends watching.
    fn end() {
        Self::compare();
        CLOCK.set(Self { since: None, ..CLOCK.get() });
    }
}

const CLOCK_MOVED: &str = "the code moves the clock of the check. \
    `tokio::time::advance`, `pause` and `resume` are for tests: in the program they \
    panic, because its time is real. Wait for the work itself.";

/// Returns the labels of the innermost open spans of the current check.
pub(super) fn open_spans() -> Vec<String> {
    SPANS.with_borrow(|spans| spans.as_ref().map(Spans::open).unwrap_or_default())
}

/// Takes the recording of the latest [`run`], unless it is empty.
pub(super) fn last_run() -> Option<Section> {
    LAST_RUN.take().filter(|section| !section.rows.is_empty())
}

/// A measured run of a future.
#[derive(Debug)]
pub struct Run<T> {
    /// The output of the future.
    pub value: T,
    /// The duration on tokio's clock.
    pub took: Duration,
    /// The number of times the thread went to sleep: once or twice for each timer that
    /// fires and each response that arrives. A loop of short sleeps makes this large
    /// even where no duration shows it.
    pub parks: u64,
    section: Section,
    /// The CPU time and blocked time of the thread, on the real clock.
    busy: Busy,
    /// The label of the span with the longest poll, and the duration of that poll.
    longest_poll: Option<(String, Duration)>,
}

/// Awaits `future` and measures it. `what` is the title of the run in pictures.
///
/// If the run blocks the thread for too long (see [`Run::never_blocked`]), the check
/// fails even if it returns `Ok`.
///
/// ```
/// use async_workbook::check::{self, Pace};
/// use std::time::Duration;
/// use tokio::time::sleep;
///
/// const MS: Duration = Duration::from_millis(1);
/// check::on_paused_clock(async {
///     let run = check::run("a sleep", sleep(100 * MS)).await;
///     run.paced(&Pace::of(1, "sleep", 100 * MS))?;
///     run.never_blocked()
/// })
/// # .unwrap();
/// ```
pub async fn run<T>(what: &str, future: impl Future<Output = T>) -> Run<T> {
    let mut value = None;
    let run = measure(what, pin!(async { value = Some(future.await) })).await;
    run.with(value.expect("the future has finished"))
}

fn measure<'a>(
    what: &'a str,
    mut future: Opaque<'a>,
) -> LocalBoxFuture<'a, Run<()>> {
    let measured = async move {
        let spans = SPANS.with_borrow(|spans| spans.clone().unwrap_or_default());
        let first = spans.len();
        Busy::begin_run();
        let parks = || Handle::current().metrics().worker_park_count(0);
        let (began, parks_before) = (tokio::time::Instant::now(), parks());
        CheckClock::watch();
        let counted = poll_fn(|context| {
            Busy::count_poll();
            future.as_mut().poll(context)
        });
        counted.await;
        let (took, parks) = (began.elapsed(), parks() - parks_before);
        let busy = Busy::end_run();
        CheckClock::end();
        let section = spans.section_since(first, what, began);
        LAST_RUN.set(Some(section.clone()));
        let longest_poll = spans.longest_poll();
        let run = Run { value: (), took, parks, section, busy, longest_poll };
        if let Some(blocked) = run.blocked_thread() {
            BLOCKED_THREAD.set(Some(blocked));
        }
        run
    };
    measured.boxed_local()
}

/// The number of polls after which [`run_with_few_polls`] gives up.
const ENDLESS_POLLS: usize = 10_000;

/// Like [`run`], and checks that `future` is polled at most `most` times: that it does
/// not keep waking itself.
///
/// A loop of `yield_now` never lets the paused clock move, and one of short sleeps
/// ends almost on time: only the number of polls shows either.
///
/// ```
/// use async_workbook::check;
/// use tokio::task::yield_now;
///
/// let result = check::on_paused_clock(async {
///     let spin = async { loop { yield_now().await } };
///     check::run_with_few_polls::<()>("a loop", 20, spin).await
/// });
/// let message = result.unwrap_err().to_string();
/// assert!(message.starts_with("a loop: it woke up 10000 times while it waited."));
/// ```
///
/// # Errors
///
/// A [`Diagnosis`] with the number of polls, if there were more.
pub async fn run_with_few_polls<T>(
    what: &str,
    most: usize,
    future: impl Future<Output = T>,
) -> Result<Run<T>> {
    let mut future = pin!(future);
    let mut polls = 0;
    let counted = poll_fn(|context| {
        polls += 1;
        match polls {
            ENDLESS_POLLS => Poll::Ready(None),
            _ => future.as_mut().poll(context).map(Some),
        }
    });
    let (value, run) = run(what, counted).await.split();
    match value {
        Some(value) if polls <= most => Ok(run.with(value)),
        _ => run.pictured(Err(Diagnosis::new(format!(
            "{what}: it woke up {polls} times while it waited. A future that awaits the \
             work itself wakes up when the work is done, and not before."
        ))
        .into())),
    }
}

impl<T> Run<T> {
    /// Separates the output of the future from the measurements.
    pub fn split(self) -> (T, Run<()>) {
        let Self { value, took, parks, section, busy, longest_poll } = self;
        (value, Run { value: (), took, parks, section, busy, longest_poll })
    }

    /// Replaces the output of the future.
    fn with<U>(self, value: U) -> Run<U> {
        let Self { took, parks, section, busy, longest_poll, .. } = self;
        Run { value, took, parks, section, busy, longest_poll }
    }

    /// Returns the spans and requests of the run for whose label `name` returns a
    /// name.
    pub fn calls<'a>(&'a self, name: impl Fn(&'a str) -> Option<&'a str>) -> Calls {
        let call = |row: &'a Row| {
            let (start, end) = (row.life.0 / 1000, row.life.1 / 1000);
            Some(Call { name: name(&row.label)?.to_owned(), start, end })
        };
        self.rows().iter().filter_map(call).collect()
    }

    /// Fails with a diagnosis and a picture of this run unless `holds`.
    ///
    /// # Errors
    ///
    /// A [`Diagnosis`] if `holds` is false.
    pub fn that(&self, holds: bool, otherwise: impl Into<String>) -> Result<()> {
        self.pictured(super::that(holds, otherwise))
    }

    /// Checks that the thread woke up at most `most` times in the run: a loop of short
    /// sleeps wakes it more often than timers and responses do. `work` is what the
    /// run waits for, such as `ten requests`.
    ///
    /// # Errors
    ///
    /// A [`Diagnosis`] with the number, if it is larger.
    pub fn few_wakeups(&self, most: u64, work: &str) -> Result<()> {
        let message = format!(
            "the thread woke up {} times for {work}: something sleeps and polls in a \
             loop. Await what you wait for.",
            self.parks
        );
        super::that(self.parks <= most, message)
    }

    /// Returns the recorded spans and requests of the run, in the order in which they
    /// began.
    pub fn rows(&self) -> &[Row] {
        &self.section.rows
    }

    /// Checks that the run took as long as its parts take when they run together.
    ///
    /// # Errors
    ///
    /// A [`Diagnosis`] with a picture of the run, if it did not.
    pub fn paced(&self, pace: &Pace) -> Result<()> {
        self.pictured(pace.judge(self.took))
    }

    /// Adds a picture of this run to the [`Diagnosis`] in `result`, if it is one.
    ///
    /// # Errors
    ///
    /// The error of `result`.
    pub fn pictured<U>(&self, result: Result<U>) -> Result<U> {
        result.map_err(|error| match error.downcast::<Diagnosis>() {
            Ok(diagnosis) => diagnosis.with_picture(self.section.clone()).into(),
            Err(error) => error,
        })
    }

    /// Checks that the run did not block the thread, on either clock: that the thread was
    /// blocked for less than 25 ms in total, and computed for less than 70 ms at a time,
    /// or somewhat longer on a slower machine and with many spans.
    ///
    /// A future that keeps waking itself without ever waiting blocks the thread, too.
    ///
    /// # Errors
    ///
    /// A [`Diagnosis`] with the time, and the span if there was one. A busy machine
    /// could be the cause, so [`Exercise::check`](super::Exercise::check) reports it
    /// only if it happens three times in a row.
    pub fn never_blocked(&self) -> Result<()> {
        self.blocked_thread().map_or(Ok(()), |blocked| Err(blocked.into()))
    }

    fn blocked_thread(&self) -> Option<Diagnosis> {
        let spans = u32::try_from(self.section.rows.len()).unwrap_or(u32::MAX);
        let (time, what, meaning) = self.busy.excess(spans)?;
        let span = match &self.longest_poll {
            Some((label, longest)) if *longest >= time / 2 => {
                format!(" (in `{label}`)")
            }
            _ => String::new(),
        };
        let message = format!("{what}{span}{meaning}");
        Some(Diagnosis::new(message).of_kind(Kind::MayBeNoise))
    }
}

#[cfg(test)]
mod tests {
    use futures::future::BoxFuture;
    use tokio::sync::Mutex;
    use tokio::task::{spawn, spawn_blocking};
    use tokio::time::sleep;
    use tracing::{Instrument, info_span};

    use super::*;
    use crate::check::busy::COMPUTE_LIMIT;
    use crate::thread_time::{Moment, Spent, slowness};

    const MS: Duration = Duration::from_millis(1);

    fn message<T>(result: Result<T>) -> String {
        result.err().map_or_else(|| "ok".to_owned(), |error| error.to_string())
    }

    #[test]
    fn a_deadlock_is_reported_at_once_with_the_open_spans() {
        let real = Instant::now();
        let stuck = on_paused_clock(async {
            sleep(5 * MS).await;
            let lock = Mutex::new(());
            let _held = lock.lock().await;
            let second = async { drop(lock.lock().await) };
            second.instrument(info_span!("save", user = 2)).await;
            Ok(())
        });
        assert!(real.elapsed() < VIRTUAL_TIME_LIMIT / 60);
        assert_eq!(
            message(stuck),
            "deadlock: every task is waiting, and nothing is left that could wake one. \
             Still waiting: `save user=2`."
        );
    }

    #[test]
    fn a_wait_for_another_thread_is_not_a_deadlock() {
        let waiting = on_paused_clock(async {
            let (sender, receiver) = tokio::sync::oneshot::channel();
            std::thread::spawn(move || {
                std::thread::sleep(10 * MS);
                sender.send(())
            });
            Ok(receiver.await?)
        });
        assert!(message(waiting).starts_with("it waits for another thread"));
    }

    #[test]
    fn an_endless_sleep_loop_is_not_a_deadlock() {
        let looping = on_paused_clock::<()>(async {
            loop {
                sleep(1000 * MS).await;
            }
        });
        let message = message(looping);
        assert!(
            message.starts_with("still not finished after an hour"),
            "{message}"
        );
    }

    #[test]
    fn the_real_clock_has_a_time_limit() {
        let clock = Clock::Real(10 * MS);
        let stuck = on_clock(clock, std::future::pending::<Result<()>>());
        assert!(message(stuck).starts_with("still not finished after 0.01 s"));
    }

    #[test]
    fn code_must_not_move_the_clock() {
        use tokio::time::{advance, resume};
        let moved = |in_run: bool, code: fn() -> BoxFuture<'static, ()>| {
            message(on_paused_clock(async {
                if in_run {
                    run("a run", code()).await;
                } else {
                    code().await;
                }
                Ok(())
            }))
        };
        let by_hand = || async { advance(10 * MS).await }.boxed();
        let in_a_task = || async { spawn(advance(10 * MS)).await.unwrap() }.boxed();
        let real = || async { resume() }.boxed();
        for code in [by_hand, in_a_task, real] {
            assert_eq!(moved(true, code), CLOCK_MOVED);
            // A check itself may do so.
            assert_eq!(moved(false, code), "ok");
        }
        assert_eq!(moved(true, || sleep(10 * MS).boxed()), "ok");

        let real = on_clock::<()>(Clock::Real(3_600_000 * MS), async {
            tokio::time::pause();
            std::future::pending().await
        });
        assert_eq!(message(real), CLOCK_MOVED);
    }

    #[test]
    fn blocking_is_detected_in_futures_and_tasks() {
        let block = || std::thread::sleep(90 * MS);
        let blocked = |where_: &str| {
            on_paused_clock(async {
                let work =
                    async move { block() }.instrument(info_span!("hash", n = 1));
                match where_ {
                    "future" => run("", work).await.never_blocked(),
                    "task" => {
                        run("", async { spawn(work).await }).await.never_blocked()
                    }
                    _ => run("", spawn_blocking(block)).await.never_blocked(),
                }
            })
        };
        for where_ in ["future", "task"] {
            let message = message(blocked(where_));
            assert!(message.starts_with("the thread was "), "{message}");
            assert!(message.contains("(in `hash n=1`)"), "{message}");
        }
        assert_eq!(message(blocked("thread")), "ok");
    }

    #[test]
    fn any_run_that_blocks_the_thread_fails_the_check() {
        let check = |first, second| {
            on_paused_clock(async move {
                run("", async { std::thread::sleep(first) }).await;
                run("", async { std::thread::sleep(second) }).await;
                Ok(())
            })
        };
        assert!(message(check(90 * MS, MS)).starts_with("the thread was "));
        assert!(message(check(MS, 90 * MS)).starts_with("the thread was "));
        assert_eq!(message(check(MS, MS)), "ok");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn blocking_and_computing_are_distinguished_on_both_clocks() {
        let compute = || {
            let began = Moment::exactly_now();
            let limit = COMPUTE_LIMIT.mul_f64(2.0 * slowness());
            while !matches!(began.spent(),
                Spent::Known { computed, .. } if computed > limit)
            {
                std::hint::black_box((0..100_000).sum::<u64>());
            }
        };
        let short_blocks = async {
            for _ in 0..10 {
                std::thread::sleep(9 * MS);
                sleep(MS).await;
            }
        };
        for clock in [Clock::Paused, Clock::Real(10_000 * MS)] {
            let blocked = on_clock(clock, async {
                run("", async { std::thread::sleep(90 * MS) }).await.never_blocked()
            });
            let message = message(blocked);
            assert!(
                message.starts_with("the thread was blocked for about "),
                "{message}"
            );
            let computed = on_clock(clock, async {
                run("", async { compute() }).await.never_blocked()
            });
            let message = self::message(computed);
            let begin = "the thread computed for about ";
            assert!(message.starts_with(begin), "{message}");
            assert!(message.ends_with("could run in that time."), "{message}");
        }
        let spin = async {
            let began = Moment::exactly_now();
            let limit = COMPUTE_LIMIT.mul_f64(2.0 * slowness());
            while !matches!(began.spent(),
                Spent::Known { computed, .. } if computed > limit)
            {
                for _ in 0..1000 {
                    tokio::task::yield_now().await;
                }
            }
        };
        let spun = on_paused_clock(async { run("", spin).await.never_blocked() });
        let message = self::message(spun);
        assert!(message.ends_with("because it woke itself each time."), "{message}");
        let blocked =
            on_paused_clock(async { run("", short_blocks).await.never_blocked() });
        let message = self::message(blocked);
        assert!(
            message.starts_with("the thread was blocked for about "),
            "{message}"
        );
    }

    #[test]
    fn only_the_measured_run_can_block_the_thread() {
        let result = on_paused_clock(async {
            std::thread::sleep(90 * MS);
            run("", sleep(1000 * MS)).await.never_blocked()
        });
        assert_eq!(message(result), "ok");
    }

    #[test]
    fn a_loop_of_short_sleeps_is_counted() {
        let sleeps = |times: u32, each| async move {
            for _ in 0..times {
                sleep(each).await;
            }
        };
        let parks = |times, each| {
            let run = async { Ok(run("loop", sleeps(times, each)).await.parks) };
            on_paused_clock(run).unwrap()
        };
        let one = parks(1, 1000 * MS);
        assert!((1..5).contains(&one), "{one}");
        let many = parks(1000, MS);
        assert!((1000..2010).contains(&many), "{many}");
        let judged = |most| {
            on_paused_clock(async {
                run("loop", sleeps(1000, MS)).await.few_wakeups(most, "one sleep")
            })
        };
        assert!(judged(2010).is_ok());
        assert!(message(judged(999)).ends_with(
            "for one sleep: something sleeps and polls in a \
            loop. Await what you wait for."
        ));
    }

    #[test]
    fn the_calls_of_a_run_are_its_spans_of_some_labels() {
        let calls = on_paused_clock(async {
            let job = |n: u64| {
                let millis = 10 * n;
                sleep(Duration::from_millis(millis)).instrument(info_span!("job", n))
            };
            job(1).await;
            let work = async { tokio::join!(job(2), job(3)) };
            let work = work.instrument(info_span!("both"));
            let (_, run) = run("jobs", work).await.split();
            Ok(run.calls(|label| label.strip_prefix("job ")))
        });
        let call = |name: &str, end| Call { name: name.to_owned(), start: 0, end };
        assert_eq!(*calls.unwrap(), [call("n=2", 20), call("n=3", 30)]);
    }

    #[test]
    fn a_picture_shows_only_the_spans_of_its_run() {
        let result = on_paused_clock(async {
            let job = |n: u32| sleep(n * MS).instrument(info_span!("job", n));
            job(1).await;
            let run = run("two jobs", async { (job(2).await, job(3).await) }).await;
            run.paced(&Pace::of(2, "jobs", 3 * MS))
        });
        let diagnosis = result.unwrap_err().downcast::<Diagnosis>().unwrap();
        insta::assert_snapshot!(diagnosis.render(60, false), @r"
        2 jobs of 3 ms took 5 ms (2 ms longer than all of them
        together), expected 3 ms.

        two jobs                                               5 ms
          job n=2 █░░░░░░░░░░░░░░░░░░█
          job n=3                    █░░░░░░░░░░░░░░░░░░░░░░░░░░░░█
                  0 ms                                         5 ms
          ░ waits  █ runs
        ");
    }
}
