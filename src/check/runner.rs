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
//! straight to it: a deadlock is detected within a millisecond of real time. An
//! endless loop of short sleeps reaches the hour, too, but step by step. What tells
//! the two apart is whether the future was still being polled late in that hour. On
//! the real clock ([`Clock::Real`]), for checks that talk to a PostgreSQL server,
//! the timeout is just a timeout. Code that never returns from a poll cannot be
//! interrupted from here; `watchdog.rs` reports it, and `cargo workbook` kills the
//! process.
//!
//! **A blocked thread.** On a current-thread runtime the only thread parks whenever
//! there is nothing to poll. The runtime's park and unpark hooks measure how the thread
//! spent the time in between (see `thread_time.rs`):
//!
//! ```text
//! unpark  poll poll poll  park          unpark  poll (std::thread::sleep)  park
//!         |-- 0.1 ms --|                        |---- 90 ms blocked -----|
//! ```
//!
//! A single long poll and an endless sequence of short ones look the same here, and
//! both starve other tasks. On Linux, time in which the thread was blocked is distinguished
//! from time in which it computed, and the time in which other programs had the CPU
//! counts as neither. Blocked time is added up over a run; right solutions have almost
//! none. Time in which the host of a virtual machine paused it may look the same, and is
//! subtracted. A machine may still swap, so a failure is only reported if it happens
//! three times in a row. (The paused clock stops while code blocks; it could not show
//! this.)
//!
//! **The clock.** Between an unpark and the next park the paused clock does not move,
//! unless the code under test moves it with `tokio::time::advance` or `resume`. The same
//! hooks compare the two times during a run: such code works only in a test.
//!
//! **Panics.** While a check runs on this thread, a panic hook records each panic as
//! a [`Diagnosis`] instead of printing it; otherwise it calls the previous hook.
//! Tokio catches a panic in a spawned task, and that may be part of a correct
//! solution, so such a panic is only reported if the check fails anyway, as the
//! probable cause.
//!
//! The state of a check is in thread-locals, because the hooks take no arguments,
//! and because `cargo test` runs each test on a thread of its own.

use std::backtrace::Backtrace;
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::panic::{self, AssertUnwindSafe, Location};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Once};
use std::task::Poll;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures::future::{FutureExt, LocalBoxFuture};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::time::timeout;
use tracing_subscriber::layer::SubscriberExt;

use super::assertions::Pace;
use super::calls::{Call, Calls};
use super::diagnosis::{Diagnosis, Kind};
use super::pool::server_is_silent;
use super::watchdog::{Activity, Stuck, Watchdog};
use crate::thread_time::{Moment, Spent, Stolen, slowness};
use crate::timeline::{Recorder, Row, Section, Spans};

/// The virtual time after which a future counts as stuck. The clock jumps there at
/// once if nothing else can happen.
const VIRTUAL_TIME_LIMIT: Duration = Duration::from_secs(3600);

/// The longest time for which a run may block the thread, in total.
const BLOCK_LIMIT: Duration = Duration::from_millis(25);

/// The longest time for which code may compute without letting the thread park, on
/// the machine for which it was chosen (see [`slowness`]).
const COMPUTE_LIMIT: Duration = Duration::from_millis(70);

/// The time that each recorded span adds to [`COMPUTE_LIMIT`]: to start many requests
/// at once takes a while, above all in a debug build.
const COMPUTE_PER_SPAN: Duration = Duration::from_millis(2);

/// The longest wall time for which code may block the thread, where more is not known.
const WALL_LIMIT: Duration = Duration::from_millis(75);

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

    /// Returns true if the real clock was moved: the time limit is over after this time.
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

/// A future of a type that is not known here.
///
/// The code of a generic function, and of an async one, is generated in the program that
/// calls it: with each build of an exercise, for each of its checks. So they pass such a
/// future to a function that is neither, and store their result elsewhere.
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
            Err(_elapsed) => Err(stuck(clock, last_poll, &spans).into()),
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
        Busy::end();
        CheckClock::compare();
        parking.parked();
    };
    let activity = Arc::clone(activity);
    builder.on_thread_park(park).on_thread_unpark(|| {
        Busy::begin();
        CheckClock::note();
    });
    builder.on_thread_start(move || activity.started_blocking_thread());
    builder.build().expect("a current-thread runtime can be built")
}

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
    /// The panics during the current check.
    static PANICS: RefCell<Vec<Diagnosis>> = const { RefCell::new(Vec::new()) };
    /// The diagnosis of a run that blocked the thread.
    static BLOCKED_THREAD: RefCell<Option<Diagnosis>> = const { RefCell::new(None) };
    /// The recording of the latest run.
    static LAST_RUN: RefCell<Option<Section>> = const { RefCell::new(None) };
    /// A check is running, so the panic hook records panics.
    static CATCHING: Cell<bool> = const { Cell::new(false) };
    static BUSY: Cell<Busy> = const { Cell::new(Busy::NONE) };
    static CLOCK: Cell<CheckClock> = const { Cell::new(CheckClock::IDLE) };
}

/// The clock of the current check, as far as it is watched.
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

/// Runs `code` and converts a panic in it to a diagnosis.
fn catch_panics(code: impl FnOnce() -> Result<()>) -> Result<()> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if CATCHING.get() {
                let payload = info.payload();
                let text = payload.downcast_ref::<&str>().copied();
                let text = text.or(payload.downcast_ref::<String>().map(|s| &**s));
                let message = text.unwrap_or("(no message)");
                let panic = panic_diagnosis(message, info.location());
                PANICS.with_borrow_mut(|panics| panics.push(panic));
            } else {
                previous(info);
            }
        }));
    });
    CATCHING.set(true);
    let result = panic::catch_unwind(AssertUnwindSafe(code));
    CATCHING.set(false);
    let result = match result {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => match PANICS.with_borrow_mut(Vec::pop) {
            Some(panic) if panic.is(Kind::Unwritten) => Err(panic.into()),
            Some(panic) => Err(Diagnosis::of(error).after(&panic).into()),
            None => Err(error),
        },
        Err(_) => Err(last_panic().into()),
    };
    PANICS.take();
    result
}

/// Awaits `future` and converts a panic in it to an error, which a check can
/// [`Explain`] or ignore. (Any other panic fails the check.)
///
/// ```
/// use async_workbook::check::{self, Explain};
///
/// let explained = check::on_paused_clock(async {
///     let first = async { Vec::<u32>::new()[0] };
///     check::caught(first).await.because(["There may be none."])
/// });
/// let message = explained.unwrap_err().to_string();
/// assert!(message.starts_with("the code panicked at "));
/// assert!(message.ends_with("\nThere may be none."));
/// ```
///
/// # Errors
///
/// A [`Diagnosis`] with the location and the message of the panic.
///
/// [`Explain`]: super::Explain
pub async fn caught<T>(future: impl Future<Output = T>) -> Result<T> {
    let mut value = None;
    catch(pin!(async { value = Some(future.await) })).await;
    Ok(value.ok_or_else(last_panic)?)
}

fn catch(future: Opaque<'_>) -> LocalBoxFuture<'_, ()> {
    AssertUnwindSafe(future).catch_unwind().map(drop).boxed_local()
}

/// Calls `code`, which is not async, and converts a panic in it to an error. It works
/// on any thread.
///
/// ```
/// use async_workbook::check;
///
/// let thread = std::thread::spawn(|| check::caught_call(|| Vec::<u32>::new()[0]));
/// let message = thread.join().unwrap().unwrap_err().to_string();
/// assert!(message.starts_with("the code panicked at "));
/// ```
///
/// # Errors
///
/// A [`Diagnosis`] with the location and the message of the panic.
pub fn caught_call<T>(code: impl FnOnce() -> T) -> Result<T> {
    let mut value = None;
    catch_panics(|| {
        value = Some(code());
        Ok(())
    })?;
    value.context("`code` returned, but has no value")
}

/// Returns true if the code under test has panicked on this thread, even if it has
/// caught the panic, or tokio has because it was in a task.
pub fn panicked() -> bool {
    PANICS.with_borrow(|panics| !panics.is_empty())
}

fn last_panic() -> Diagnosis {
    let last = PANICS.with_borrow_mut(Vec::pop);
    last.unwrap_or_else(|| Diagnosis::new("the code panicked."))
}

/// The number of panics in libraries for which a backtrace is captured.
const MAX_BACKTRACES: usize = 20;

/// Describes the location of a panic.
///
/// A library panics in its own sources, unless its function is `#[track_caller]`. The
/// useful location is then the innermost one in a lesson, which only a backtrace has. Without debug information it has no lines.
fn describe(location: &Location<'_>) -> String {
    let Some(library) = library(location.file()) else {
        // Files included by a test are named relative to it: `tests/../lessons/...`.
        let file = location.file().trim_start_matches("tests/../");
        return format!("at {file}:{}", location.line());
    };
    // Reading the debug information takes a while, and many tasks may panic.
    static BACKTRACES: AtomicUsize = AtomicUsize::new(0);
    let affordable = BACKTRACES.fetch_add(1, Ordering::Relaxed) < MAX_BACKTRACES;
    let backtrace = affordable.then(|| Backtrace::force_capture().to_string());
    match backtrace.as_deref().and_then(location_in_a_lesson) {
        Some(location) => format!("in {library}, called at {location}"),
        None => format!("in {library}"),
    }
}

/// Returns the name of the library that a source file belongs to, unless it is ours.
fn library(file: &str) -> Option<&str> {
    if file.starts_with("/rustc/") {
        return Some("the standard library");
    }
    // .../registry/src/REGISTRY/NAME-VERSION/src/lib.rs
    let mut parts = file.split(['/', '\\']).skip_while(|part| *part != "registry");
    let name_and_version = parts.nth(3)?;
    let (name, _) = name_and_version.rsplit_once('-')?;
    Some(name)
}

/// Finds the innermost location of a backtrace that is in a lesson, as `FILE:LINE`.
fn location_in_a_lesson(backtrace: &str) -> Option<String> {
    let mut locations = backtrace.lines().filter_map(|line| {
        let location = line.trim().strip_prefix("at ")?;
        let file = &location[location.find("lessons/")?..];
        let (location, _column) = file.rsplit_once(':')?;
        (!location.contains("/check.rs:")).then(|| location.to_owned())
    });
    locations.next()
}

fn panic_diagnosis(message: &str, location: Option<&Location<'_>>) -> Diagnosis {
    if message.contains("resumed after completion") {
        // The location is that of the future, which may be the check's.
        return Diagnosis::new(format!(
            "the code panicked: a future that was done was polled again ({message})."
        ));
    }
    // The `Debug` form of an `anyhow::Error` may end with a backtrace.
    let message = message.split("\n\nStack backtrace:").next().unwrap_or(message);
    let location = location.map_or_else(String::new, describe);
    match message.strip_prefix("not yet implemented") {
        Some(task) => {
            let task = task.trim_start_matches(": ");
            let colon = if task.is_empty() { "" } else { ": " };
            Diagnosis::new(format!("not implemented yet {location}{colon}{task}"))
                .of_kind(Kind::Unwritten)
        }
        None => {
            // Tokio's message says what does not work, but not what to do instead.
            let only_several = "only when running on the multi-threaded runtime";
            let why = match message.contains(only_several) {
                true => "\n`spawn_blocking` works on every runtime.",
                false => "",
            };
            Diagnosis::new(format!("the code panicked {location}: {message}{why}"))
        }
    }
}

/// Measures how the thread spends its time while it does not park.
#[derive(Clone, Copy, Debug)]
struct Busy {
    /// The latest unpark, unless the thread is parked.
    since: Option<Moment>,
    /// The time in which the thread was blocked.
    blocked: Duration,
    /// The longest time that it computed between an unpark and the next park.
    computed: Duration,
    /// The longest wall time between the two, if nothing else is known.
    wall: Duration,
    /// How often the run was polled since the latest unpark, and in the longest time
    /// that it computed.
    polls: u64,
    computed_polls: u64,
}

impl Busy {
    const NONE: Self = Self {
        since: None,
        blocked: Duration::ZERO,
        computed: Duration::ZERO,
        wall: Duration::ZERO,
        polls: 0,
        computed_polls: 0,
    };

    fn begin() {
        BUSY.set(Busy { since: Some(Moment::now()), polls: 0, ..BUSY.get() });
    }

    fn end() {
        let mut busy = BUSY.get();
        match busy.since.take().map(|since| since.spent()) {
            Some(Spent::Known { computed, blocked }) => {
                busy.blocked += blocked;
                if computed > busy.computed {
                    (busy.computed, busy.computed_polls) = (computed, busy.polls);
                }
            }
            Some(Spent::Wall(wall)) => busy.wall = busy.wall.max(wall),
            None => {}
        }
        BUSY.set(busy);
    }

    fn count_poll() {
        let busy = BUSY.get();
        BUSY.set(Busy { polls: busy.polls + 1, ..busy });
    }

    /// Describes how a run that recorded this many spans blocked the thread for too long,
    /// if it did: the time, what happened for how long, and what that means.
    fn excess(&self, spans: u32) -> Option<(Duration, String, &'static str)> {
        // Rounded, so that repeated runs usually give the same message.
        let about = |time: Duration, unit: u128| {
            format!("about {} ms", (time.as_millis() + unit / 2) / unit * unit)
        };
        let blocks = ", and nothing else could run in that time: something blocks \
                      where it should `.await`.";
        if self.blocked >= BLOCK_LIMIT {
            let time = about(self.blocked, 10);
            let words = format!("the thread was blocked for {time}");
            return Some((self.blocked, words, blocks));
        }
        let exceeds = |time: Duration, limit: Duration| {
            time >= limit && time >= limit.mul_f64(slowness())
        };
        if exceeds(self.computed, COMPUTE_LIMIT + COMPUTE_PER_SPAN * spans) {
            let time = about(self.computed, 50);
            let words = format!("the thread computed for {time}");
            let meaning = match self.computed_polls {
                MANY_POLLS.. => {
                    " without waiting for anything: it was polled again and again, \
                     because it woke itself each time."
                }
                _ => {
                    " without waiting for anything, and nothing else could run in \
                     that time."
                }
            };
            return Some((self.computed, words, meaning));
        }
        exceeds(self.wall, WALL_LIMIT).then(|| {
            let time = about(self.wall, 50);
            (self.wall, format!("the thread was blocked for {time}"), blocks)
        })
    }
}

/// More polls than a run needs that waits for something between them.
const MANY_POLLS: u64 = 1000;

/// A measured run of a future.
#[derive(Debug)]
pub struct Run<T> {
    /// The output of the future.
    pub value: T,
    /// The duration on tokio's clock.
    pub took: Duration,
    /// How often the thread went to sleep: once or twice for each timer that fires and
    /// each response that arrives. A loop of short sleeps makes this large even where
    /// no duration shows it.
    pub parks: u64,
    section: Section,
    /// How it used the thread, on the real clock.
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
        let stolen = Stolen::recent();
        BUSY.set(Busy { since: Some(Moment::exactly_now()), ..Busy::NONE });
        let parks = || Handle::current().metrics().worker_park_count(0);
        let (began, parks_before) = (tokio::time::Instant::now(), parks());
        CheckClock::watch();
        let counted = poll_fn(|context| {
            Busy::count_poll();
            future.as_mut().poll(context)
        });
        counted.await;
        let (took, parks) = (began.elapsed(), parks() - parks_before);
        Busy::end();
        CheckClock::end();
        let mut busy = BUSY.get();
        if busy.blocked >= BLOCK_LIMIT {
            busy.blocked = busy.blocked.saturating_sub(stolen.since());
        }
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

    /// Checks that the run did not block the thread, on either clock: it did
    /// not wait in it for 25 ms, and did not compute for 70 ms at a stretch; longer on a
    /// slower machine, and with many spans.
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
    fn a_panic_is_reported_with_its_location() {
        let panicked: Result<()> = on_paused_clock(async { panic!("no {}", 7) });
        let message = message(panicked);
        assert!(
            message.starts_with("the code panicked at src/check/runner.rs:"),
            "{message}"
        );
        assert!(message.ends_with(": no 7"), "{message}");
    }

    #[test]
    fn a_panic_in_a_library_has_the_innermost_location_in_a_lesson() {
        let registry =
            "/x/registry/src/index.crates.io-19/tokio-util-1.54.1/src/a.rs";
        assert_eq!(library(registry), Some("tokio-util"));
        assert_eq!(
            library("/rustc/5980/library/core/a.rs"),
            Some("the standard library")
        );
        assert_eq!(library("lessons/03_gather/exercise.rs"), None);
        let backtrace = "   5: tokio::block_on\n   6: check::right\n             \
            at ./lessons/03_gather/check.rs:7:3\n   7: guides::{async_fn#0}\n             \
            at ./lessons/03_gather/exercise.rs:40:17\n";
        let location = location_in_a_lesson(backtrace);
        assert_eq!(location.as_deref(), Some("lessons/03_gather/exercise.rs:40"));
    }

    #[test]
    fn a_panic_is_described_without_a_backtrace_and_names_a_second_poll() {
        let text =
            "an `Err` value: no\n\nCaused by:\n    x\n\nStack backtrace:\n   0: f";
        let cut = panic_diagnosis(text, None).to_string();
        assert!(cut.ends_with("Caused by:\n    x"), "{cut}");

        let twice = on_paused_clock::<()>(async {
            let mut done = pin!(async {});
            done.as_mut().await;
            done.await;
            Ok(())
        });
        assert_eq!(
            message(twice),
            "the code panicked: a future that was done was polled again (`async fn` \
             resumed after completion)."
        );
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
    fn todo_is_not_reported_as_a_panic() {
        let error = on_paused_clock::<()>(async { todo!("fetch it") }).unwrap_err();
        let diagnosis = error.downcast::<Diagnosis>().unwrap();
        assert!(diagnosis.is(Kind::Unwritten));
        let message = diagnosis.to_string();
        assert!(
            message.starts_with("not implemented yet at src/check/"),
            "{message}"
        );
        assert!(message.ends_with(": fetch it"), "{message}");
    }

    #[test]
    fn a_check_can_catch_a_panic_and_continue() {
        let checked = on_paused_clock(async {
            let panicked = caught(async { panic!("no {}", 8) }).await;
            let unwritten = caught::<()>(async { todo!("it") }).await.unwrap_err();
            let unwritten = unwritten.downcast::<Diagnosis>()?;
            assert!(unwritten.is(Kind::Unwritten));
            assert_eq!(caught(async { 3 }).await?, 3);
            Ok(message::<()>(panicked))
        });
        let message = checked.unwrap();
        assert!(
            message.starts_with("the code panicked at src/check/runner.rs:"),
            "{message}"
        );
        assert!(message.ends_with(": no 8"), "{message}");
    }

    #[test]
    fn a_panic_in_a_task_is_left_to_its_join_handle() {
        let ok = on_paused_clock(async {
            let task = spawn(async { panic!("in a task") });
            assert!(!panicked());
            Ok(task.await.is_err() && panicked())
        });
        assert!(ok.unwrap());
    }

    #[test]
    fn a_panic_in_a_task_is_reported_if_the_check_fails() {
        let led_to = |panic: fn()| {
            let result = on_paused_clock(async move {
                drop(spawn(async move { panic() }));
                sleep(MS).await;
                crate::check::that(false, "nothing was saved.")
            });
            message(result)
        };
        let message = led_to(|| panic!("no"));
        let begin = "nothing was saved.\nBefore that, the code panicked at src/check/runner.rs:";
        assert!(message.starts_with(begin), "{message}");
        let message = led_to(|| todo!());
        assert!(
            message.starts_with("not implemented yet at src/check/"),
            "{message}"
        );
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
