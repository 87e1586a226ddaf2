//! Where a check's code runs: a runtime of one thread on the paused clock, a recorder
//! of its spans, and someone who notices a panic, a deadlock and a held thread.

use super::diagnosis::{Diagnosis, Kind};
use super::pace::Pace;
use crate::timeline::{Recorder, Section, Spans};
use anyhow::Result;
use futures::FutureExt;
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::panic::{self, AssertUnwindSafe, Location};
use std::pin::pin;
use std::sync::Once;
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;
use tracing_subscriber::layer::SubscriberExt;

/// Virtual time after which what still waits waits for ever. It passes at once, as
/// soon as nothing else can happen.
const FOR_EVER: Duration = Duration::from_secs(3600);

/// How long code may hold the thread.
const HELD: Duration = Duration::from_millis(100);

/// Which clock a check runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clock {
    Paused,
    /// The real one, and how long it may run.
    Real(Duration),
}

impl Clock {
    fn patience(self) -> Duration {
        match self {
            Self::Paused => FOR_EVER,
            Self::Real(patience) => patience,
        }
    }
}

/// Runs `future` on tokio's paused clock, where every time is exact and none has to
/// be waited for.
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
/// assert!(stuck.unwrap_err().to_string().starts_with("a deadlock"));
/// ```
///
/// # Errors
/// The future's own, and a [`Diagnosis`] when it panics, or waits for what can never
/// come: then nothing is left that could go on, which the paused clock shows at once.
///
/// # Panics
/// When called from async code, or when no runtime can be built.
pub fn on_paused_clock<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    on_clock(Clock::Paused, future)
}

pub(super) fn on_clock<T>(
    clock: Clock,
    future: impl Future<Output = Result<T>>,
) -> Result<T> {
    let runtime = runtime(clock);
    let spans = Spans::default();
    let recorder = Recorder { spans: spans.clone(), requests: true };
    let _recording = tracing::subscriber::set_default(
        tracing_subscriber::registry().with(recorder),
    );
    SPANS.set(Some(spans.clone()));
    let watched = async {
        let mut future = pin!(future);
        let began = tokio::time::Instant::now();
        let mut busy_until = Duration::ZERO;
        let polled = poll_fn(|context| {
            // When patience ends, it is polled once more, woken or not.
            busy_until = Some(began.elapsed())
                .filter(|&now| now < clock.patience())
                .unwrap_or(busy_until);
            future.as_mut().poll(context)
        });
        match timeout(clock.patience(), polled).await {
            Ok(result) => result,
            // The future is still there, so its spans are open.
            Err(_elapsed) => Err(stuck(clock, busy_until, &spans).into()),
        }
    };
    HELD_THREAD.take();
    LAST_RUN.take();
    let result = panics_caught(|| runtime.block_on(watched));
    // Whatever else holds of code that holds the thread: that is not enough.
    let result = match HELD_THREAD.take() {
        Some(held) if result.is_ok() => Err(held.into()),
        _ => result,
    };
    SPANS.set(None);
    // Blocking work may go on for ever; nobody waits for it.
    runtime.shutdown_background();
    result
}

fn runtime(clock: Clock) -> Runtime {
    let mut builder = Builder::new_current_thread();
    builder.enable_all().start_paused(clock == Clock::Paused);
    // The thread parks when there is nothing to poll.
    builder.on_thread_park(Busy::end).on_thread_unpark(Busy::begin);
    builder.build().expect("a runtime of one thread can be built")
}

/// What is said when patience ends, of a future that was last woken after
/// `busy_until`.
fn stuck(clock: Clock, busy_until: Duration, spans: &Spans) -> Diagnosis {
    let waiting = spans.open();
    let waiting = match waiting.as_slice() {
        [] => String::new(),
        open => format!(" Still waiting: {}.", open.join(", ")),
    };
    Diagnosis::new(match clock {
        // Something woke it again and again: a deadlock wakes nobody.
        Clock::Paused if busy_until > FOR_EVER / 2 => format!(
            "still not done after an hour of the paused clock: it sleeps and wakes \
             again and again, and comes to no end.{waiting}"
        ),
        Clock::Paused => format!(
            "a deadlock: it waits for ever, because all that it waits for waits too.\
             {waiting}"
        ),
        Clock::Real(patience) => format!(
            "still not done after {} s: it waits for what does not come.{waiting}",
            patience.as_secs_f64()
        ),
    })
}

thread_local! {
    /// The spans of the check that this thread runs.
    static SPANS: RefCell<Option<Spans>> = const { RefCell::new(None) };
    /// The panics on this thread since it catches them.
    static PANICS: RefCell<Vec<Diagnosis>> = const { RefCell::new(Vec::new()) };
    /// What is to be said of a run that held the thread.
    static HELD_THREAD: RefCell<Option<Diagnosis>> = const { RefCell::new(None) };
    /// What was recorded of the last run on this thread.
    static LAST_RUN: RefCell<Option<Section>> = const { RefCell::new(None) };
    static CATCHING: Cell<bool> = const { Cell::new(false) };
    static BUSY: Cell<Busy> =
        const { Cell::new(Busy { since: None, longest: Duration::ZERO }) };
}

/// What is being waited for, as far as spans tell.
pub(super) fn open_spans() -> Vec<String> {
    SPANS.with_borrow(|spans| spans.as_ref().map(Spans::open).unwrap_or_default())
}

/// What was recorded of the last [`run`] of the check before, if anything was.
pub(super) fn last_run() -> Option<Section> {
    LAST_RUN.take().filter(|section| !section.rows.is_empty())
}

/// Runs `code`; a panic in it becomes a diagnosis instead of a message and an unwind.
/// One in a task is caught by tokio, and told if something is wrong in the end.
fn panics_caught<T>(code: impl FnOnce() -> Result<T>) -> Result<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if CATCHING.get() {
                let payload = info.payload();
                let text = payload.downcast_ref::<&str>().copied();
                let text = text.or(payload.downcast_ref::<String>().map(|s| &**s));
                let message = text.unwrap_or("(not a text)");
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
        Ok(Ok(value)) => Ok(value),
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

/// Awaits `future`, and makes a panic in it an error, which a check can [`explain`] or
/// ignore. (Any other panic ends the check.)
///
/// ```
/// use async_workbook::check;
///
/// let explained = check::on_paused_clock(async {
///     let first = async { Vec::<u32>::new()[0] };
///     check::explain(check::caught(first).await, Some("There may be none."))
/// });
/// let said = explained.unwrap_err().to_string();
/// assert!(said.starts_with("a panic at "));
/// assert!(said.ends_with("\nThere may be none."));
/// ```
///
/// # Errors
/// When it panics: a [`Diagnosis`] of where, and with what message.
///
/// [`explain`]: super::explain
pub async fn caught<T>(future: impl Future<Output = T>) -> Result<T> {
    let result = AssertUnwindSafe(future).catch_unwind().await;
    Ok(result.map_err(|_| last_panic())?)
}

fn last_panic() -> Diagnosis {
    let last = PANICS.with_borrow_mut(Vec::pop);
    last.unwrap_or_else(|| Diagnosis::new("the code panicked."))
}

fn panic_diagnosis(message: &str, place: Option<&Location<'_>>) -> Diagnosis {
    let place = place.map_or_else(String::new, |place| {
        // `tests/answers.rs` reads the lessons' files as `tests/../lessons/...`.
        let file = place.file().trim_start_matches("tests/../");
        format!("{file}:{}", place.line())
    });
    match message.strip_prefix("not yet implemented") {
        Some(task) => {
            let task = task.trim_start_matches(": ");
            let colon = if task.is_empty() { "" } else { ": " };
            Diagnosis::new(format!("nothing is written yet at {place}{colon}{task}"))
                .of_kind(Kind::Unwritten)
        }
        None => {
            // Tokio's own message says what it is not, and not what helps.
            let only_several = "only when running on the multi-threaded runtime";
            let why = match message.contains(only_several) {
                true => "\n`spawn_blocking` works on every runtime.",
                false => "",
            };
            Diagnosis::new(format!("a panic at {place}: {message}{why}"))
        }
    }
}

/// How long the thread of a check was held without a pause.
#[derive(Clone, Copy)]
struct Busy {
    since: Option<Instant>,
    longest: Duration,
}

impl Busy {
    fn begin() {
        BUSY.set(Busy { since: Some(Instant::now()), ..BUSY.get() });
    }

    fn end() {
        let Busy { since, longest } = BUSY.get();
        let stretch = since.map_or(Duration::ZERO, |since| since.elapsed());
        BUSY.set(Busy { since: None, longest: longest.max(stretch) });
    }
}

/// One run of a learner's future: what it returned, and how it went.
#[derive(Debug)]
pub struct Run<T> {
    /// What the future returned.
    pub value: T,
    /// How long it took, by tokio's clock.
    pub took: Duration,
    section: Section,
    held: Duration,
    /// The span that was polled for the longest time, and for how long.
    longest_poll: Option<(String, Duration)>,
}

/// Awaits `future`, and measures it. What it does is drawn in the pictures of its
/// diagnoses, under the title `what`.
///
/// A check in which a run holds the thread, as [`Run::never_blocked`] has it, fails for
/// that if for nothing else.
///
/// ```
/// use async_workbook::check::{self, Pace};
/// use std::time::Duration;
/// use tokio::time::sleep;
///
/// const MS: Duration = Duration::from_millis(1);
/// check::on_paused_clock(async {
///     let run = check::run("a nap", sleep(100 * MS)).await;
///     run.paced(&Pace::of(1, "nap", 100 * MS))?;
///     run.never_blocked()
/// })
/// # .unwrap();
/// ```
pub async fn run<T>(what: &str, future: impl Future<Output = T>) -> Run<T> {
    let spans = SPANS.with_borrow(|spans| spans.clone().unwrap_or_default());
    let first = spans.len();
    BUSY.set(Busy { since: Some(Instant::now()), longest: Duration::ZERO });
    let began = tokio::time::Instant::now();
    let value = future.await;
    let took = began.elapsed();
    Busy::end();
    let held = BUSY.get().longest;
    let section = spans.section_since(first, what, began);
    LAST_RUN.set(Some(section.clone()));
    let run = Run { value, took, section, held, longest_poll: spans.longest_poll() };
    if let Some(held) = run.held_thread() {
        HELD_THREAD.set(Some(held));
    }
    run
}

impl<T> Run<T> {
    /// Whether it took as long as its parts take together.
    ///
    /// # Errors
    /// When it did not: a [`Diagnosis`] in words, with a picture of the run.
    pub fn paced(&self, pace: &Pace) -> Result<()> {
        self.pictured(pace.judge(self.took))
    }

    /// Adds a picture of this run to the diagnosis in `result`, if there is one.
    ///
    /// # Errors
    /// That diagnosis.
    pub fn pictured<U>(&self, result: Result<U>) -> Result<U> {
        result.map_err(|error| match error.downcast::<Diagnosis>() {
            Ok(diagnosis) => diagnosis.with_picture(self.section.clone()).into(),
            Err(error) => error,
        })
    }

    /// Whether the thread was free again and again: never busy for 100 ms (of real
    /// time, whatever the clock) without a moment in which others could run.
    ///
    /// A loop that polls itself again and again without ever waiting counts as one
    /// that holds the thread.
    ///
    /// # Errors
    /// When it was not: a [`Diagnosis`] that says how long, and in which span if one
    /// was entered. A busy machine could be the cause, so
    /// [`Exercise::check`](super::Exercise::check) believes it only when it sees it
    /// three times.
    pub fn never_blocked(&self) -> Result<()> {
        self.held_thread().map_or(Ok(()), |held| Err(held.into()))
    }

    fn held_thread(&self) -> Option<Diagnosis> {
        if self.held < HELD {
            return None;
        }
        let place = match &self.longest_poll {
            Some((label, time)) if *time >= HELD => format!(" (in `{label}`)"),
            _ => String::new(),
        };
        // Rounded, so that two runs are said in the same words.
        let held = (self.held.as_millis() + 25) / 50 * 50;
        let words = format!(
            "the thread was held for about {held} ms{place}, and nothing else could run \
             in that time: something blocks, where it should await."
        );
        Some(Diagnosis::new(words).of_kind(Kind::MayBeNoise))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::Mutex;
    use tokio::task::{spawn, spawn_blocking};
    use tokio::time::sleep;
    use tracing::{Instrument, info_span};

    const MS: Duration = Duration::from_millis(1);

    fn said<T>(result: Result<T>) -> String {
        result.err().map_or_else(|| "ok".to_owned(), |error| error.to_string())
    }

    #[test]
    fn a_deadlock_is_said_at_once_with_what_waits() {
        let real = Instant::now();
        let stuck = on_paused_clock(async {
            sleep(5 * MS).await;
            let lock = Mutex::new(());
            let _held = lock.lock().await;
            let second = async { drop(lock.lock().await) };
            second.instrument(info_span!("save", user = 2)).await;
            Ok(())
        });
        assert!(real.elapsed() < FOR_EVER / 60);
        assert_eq!(
            said(stuck),
            "a deadlock: it waits for ever, because all that it waits for waits too. \
             Still waiting: `save user=2`."
        );
    }

    #[test]
    fn a_loop_of_naps_is_no_deadlock() {
        let napping = on_paused_clock::<()>(async {
            loop {
                sleep(1000 * MS).await;
            }
        });
        let said = said(napping);
        assert!(said.starts_with("still not done after an hour"), "{said}");
    }

    #[test]
    fn where_time_is_real_patience_ends() {
        let clock = Clock::Real(10 * MS);
        let stuck = on_clock(clock, std::future::pending::<Result<()>>());
        assert!(said(stuck).starts_with("still not done after 0.01 s"));
    }

    #[test]
    fn a_panic_is_told_with_its_place() {
        let panicked: Result<()> = on_paused_clock(async { panic!("no {}", 7) });
        let said = said(panicked);
        assert!(said.starts_with("a panic at src/check/scene.rs:"), "{said}");
        assert!(said.ends_with(": no 7"), "{said}");
    }

    #[test]
    fn what_is_not_written_yet_is_no_panic() {
        let error = on_paused_clock::<()>(async { todo!("fetch it") }).unwrap_err();
        let diagnosis = error.downcast::<Diagnosis>().unwrap();
        assert!(diagnosis.is(Kind::Unwritten));
        let said = diagnosis.to_string();
        assert!(said.starts_with("nothing is written yet at src/check/"), "{said}");
        assert!(said.ends_with(": fetch it"), "{said}");
    }

    #[test]
    fn a_panic_can_be_caught_and_the_check_goes_on() {
        let checked = on_paused_clock(async {
            let panicked = caught(async { panic!("no {}", 8) }).await;
            let unwritten = caught::<()>(async { todo!("it") }).await.unwrap_err();
            let unwritten = unwritten.downcast::<Diagnosis>()?;
            assert!(unwritten.is(Kind::Unwritten));
            assert_eq!(caught(async { 3 }).await?, 3);
            Ok(said::<()>(panicked))
        });
        let said = checked.unwrap();
        assert!(said.starts_with("a panic at src/check/scene.rs:"), "{said}");
        assert!(said.ends_with(": no 8"), "{said}");
    }

    #[test]
    fn the_panic_of_a_task_is_left_to_who_awaits_it() {
        let ok = on_paused_clock(async {
            let task = spawn(async { panic!("in a task") });
            Ok(task.await.is_err())
        });
        assert!(ok.unwrap());
    }

    #[test]
    fn the_panic_of_a_task_is_told_with_what_it_led_to() {
        let led_to = |panic: fn()| {
            let result = on_paused_clock(async move {
                drop(spawn(async move { panic() }));
                sleep(MS).await;
                crate::check::that(false, "nothing was saved.")
            });
            said(result)
        };
        let said = led_to(|| panic!("no"));
        let begin =
            "nothing was saved.\nBefore that, a panic at src/check/scene.rs:";
        assert!(said.starts_with(begin), "{said}");
        let said = led_to(|| todo!());
        assert!(said.starts_with("nothing is written yet at src/check/"), "{said}");
    }

    #[test]
    fn a_held_thread_is_noticed_wherever_it_is_held() {
        let block = || std::thread::sleep(HELD + HELD / 2);
        let blocked = |place: &str| {
            on_paused_clock(async {
                let work =
                    async move { block() }.instrument(info_span!("hash", n = 1));
                match place {
                    "future" => run("", work).await.never_blocked(),
                    "task" => {
                        run("", async { spawn(work).await }).await.never_blocked()
                    }
                    _ => run("", spawn_blocking(block)).await.never_blocked(),
                }
            })
        };
        for place in ["future", "task"] {
            let said = said(blocked(place));
            assert!(said.starts_with("the thread was held for about "), "{said}");
            assert!(said.contains("(in `hash n=1`)"), "{said}");
        }
        assert_eq!(said(blocked("thread")), "ok");
    }

    #[test]
    fn a_check_fails_if_any_run_in_it_holds_the_thread() {
        let check = |first, second| {
            on_paused_clock(async move {
                run("", async { std::thread::sleep(first) }).await;
                run("", async { std::thread::sleep(second) }).await;
                Ok(())
            })
        };
        let long = HELD + HELD / 2;
        assert!(said(check(long, MS)).starts_with("the thread was held"));
        assert!(said(check(MS, long)).starts_with("the thread was held"));
        assert_eq!(said(check(MS, MS)), "ok");
    }

    #[test]
    fn waiting_holds_nothing_and_other_runs_do_not_count() {
        let result = on_paused_clock(async {
            std::thread::sleep(2 * HELD);
            run("", sleep(1000 * MS)).await.never_blocked()
        });
        assert_eq!(said(result), "ok");
    }

    #[test]
    fn a_picture_shows_the_spans_of_its_run_only() {
        let result = on_paused_clock(async {
            let nap = |n: u32| sleep(n * MS).instrument(info_span!("nap", n));
            nap(1).await;
            let run = run("two naps", async { (nap(2).await, nap(3).await) }).await;
            run.paced(&Pace::of(2, "naps", 3 * MS))
        });
        let diagnosis = result.unwrap_err().downcast::<Diagnosis>().unwrap();
        insta::assert_snapshot!(diagnosis.draw(60, false), @r"
        2 naps of 3 ms took 5 ms, expected 3 ms: some began only
        when others were over, which they did not need.

        two naps                                               5 ms
          nap n=2 █░░░░░░░░░░░░░░░░░░█
          nap n=3                    █░░░░░░░░░░░░░░░░░░░░░░░░░░░░█
                  0 ms                                         5 ms
          ░ waits  █ runs
        ");
    }
}
