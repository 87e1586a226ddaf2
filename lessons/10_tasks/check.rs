//! The check of exercise 10.

use std::error::Error;
use std::future::poll_fn;
use std::io;
use std::panic::resume_unwind;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use anyhow::{Result, anyhow};
use futures::future::{BoxFuture, FutureExt, TryFutureExt};
use tokio::runtime::Builder;
use tokio::sync::oneshot::{self, error::TryRecvError};
use tokio::sync::watch;
use tokio::task::{JoinError, spawn_blocking, yield_now};

use super::task_group;
use async_workbook::check::{self, Explain, Pace, Probe, Run};
use async_workbook::text;

const MS: Duration = Duration::from_millis(1);

/// After the group has returned or was dropped, only a task can still run a job.
const DETACHED: &str = "They kept running: the runtime owns a spawned task, and dropping \
                        its handle does not stop it.";

#[test]
fn check() -> check::Verdict {
    let mut exercise = check::Exercise::new();
    let title = "the jobs run at the same time, and their outputs keep their order";
    exercise.check(title, in_order);
    exercise.check("the first error is returned as soon as it happens", first_error);
    exercise.check("when it returns, all jobs have stopped", stopped);
    exercise.check("a panic is an error that reports the message", panic_is_error);
    exercise.check("a group can be a job of another group", nested);
    exercise.check("dropping it stops all jobs", dropped);
    exercise.verdict()
}

type Job = BoxFuture<'static, Result<usize>>;

/// The failure of a job.
#[derive(Clone, Copy, PartialEq)]
enum Fail {
    Error,
    Panic,
    /// As `panic!("text")` without values to format.
    StrPanic,
}

impl Fail {
    /// The end of a job that fails.
    fn with(self, message: String) -> Result<usize> {
        match self {
            Self::Error => Err(io::Error::other(message).into()),
            // Unlike `panic!`, it prints nothing.
            Self::Panic => resume_unwind(Box::new(message)),
            Self::StrPanic => resume_unwind(Box::new(&*message.leak())),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Error => "fails",
            Self::Panic => "panics with a `String`",
            Self::StrPanic => "panics with a `&str`",
        }
    }

    /// Checks that `error` is the failure with this message.
    fn is(self, error: &anyhow::Error, message: &str) -> Result<()> {
        let contains =
            |cause: &(dyn Error + 'static)| cause.to_string().contains(message);
        check::that_error(error.as_ref(), contains, &format!("{message:?}"))?;
        let typed = |cause: &(dyn Error + 'static)| {
            self != Self::Error
                || cause.downcast_ref().map(io::Error::to_string).as_deref()
                    == Some(message)
        };
        let what = "the job's error itself, an `io::Error`";
        check::that_error(error.as_ref(), typed, what).because([
            "Only its text is left. Return the job's error; you may add context to it.",
        ])
    }
}

/// The expected durations and the first failure of a list of jobs.
struct Plan {
    /// The time of each job, in milliseconds.
    times: Vec<u32>,
    /// The message of the first failure, and its time.
    message: String,
    at: u32,
    fail: Fail,
}

/// Creates a list of jobs with random times, one for each letter. `s`: short; `F`: the
/// first to fail; `e`: fails later; `l`: long; `x`: longer than these; `h`: more than
/// half an hour. The output of a job is its number, counted from `first`.
fn list(probe: &Probe, kinds: &str, first: usize, fail: Fail) -> (Vec<Job>, Plan) {
    let rng = check::rng();
    // A prime: a loop of short sleeps does not end at the same time by chance.
    let at = *rng.pick(&[97, 101, 103, 107, 109, 113]);
    let message = rng.word();
    let home = thread::current().id();
    let job = |(number, kind)| {
        let (range, failure) = match kind {
            's' => (30..=80, None),
            'F' => (at..=at, Some(message.clone())),
            'e' => (150..=190, Some(rng.word())),
            'l' => (200..=290, None),
            'h' => (2_000_000..=3_000_000, None),
            _ => (350..=390, None),
        };
        let time = rng.between(range).unsigned_abs();
        let work = probe.work(number, time * MS);
        let job = async move {
            let words = "a job runs on another thread, outside the runtime's tasks, as \
                         with `Handle::block_on`. An abort does not stop it there.";
            check::that(thread::current().id() == home, words)?;
            let number = work.await;
            // A loop of short sleeps checks before the job is done.
            for _ in 0..4 {
                yield_now().await;
            }
            failure.map_or(Ok(number), |message| fail.with(message))
        };
        (job.boxed(), time)
    };
    let (jobs, times) = (first..).zip(kinds.chars()).map(job).unzip();
    (jobs, Plan { times, message, at: at.unsigned_abs(), fail })
}

/// The outcome of one call to `task_group`.
struct Outcome<T> {
    what: String,
    /// Two results: did it panic, and did it fail?
    result: Result<Result<T>>,
    /// The number of jobs that were running when it returned, and a little later.
    running: [usize; 2],
    run: Run<()>,
}

fn jobs(count: usize) -> String {
    let were = if count == 1 { "was" } else { "were" };
    format!("{} {were}", text::count(count as u64, "job"))
}

/// Lets aborted tasks be dropped, which takes some turns of the runtime.
async fn turns() {
    for _ in 0..20 {
        yield_now().await;
    }
}

async fn watch<T>(
    what: &str,
    probe: &Probe,
    group: impl Future<Output = Result<T>>,
) -> Outcome<T> {
    let mut result = Err(anyhow!("not run"));
    let group = async { result = check::caught(group).await };
    let run = check::run(what, group).await;
    let at_once = probe.running();
    turns().await;
    let running = [at_once, probe.running()];
    Outcome { what: what.to_owned(), result, running, run }
}

impl<T> Outcome<T> {
    /// Checks that it returned the first failure of the list, and when.
    fn failed(&self, Plan { times, message, at, fail }: &Plan) -> Result<()> {
        let Self { what, run, result, .. } = self;
        let cancelled = |cause: &(dyn Error + 'static)| {
            cause.downcast_ref().is_some_and(JoinError::is_cancelled)
        };
        let expected = format!("{message:?}");
        let got = match result {
            Ok(Err(error)) if !error.chain().any(cancelled) => {
                fail.is(error, message)?;
                None
            }
            Ok(Err(_)) => Some("the error of a task that was aborted"),
            Ok(Ok(_)) => Some("Ok"),
            Err(_) => Some("a panic"),
        };
        if let Some(got) = got {
            let words =
                format!("{what}: got {got}, expected an error with {expected}.");
            check::that(false, words)?;
        }
        let took = run.took.as_millis() as u32;
        let words = format!(
            "{what}: it returned the error after {took} ms, expected {at} ms."
        );
        let longest = |times: &[u32]| times.iter().max().copied();
        let before = times.iter().take_while(|time| *time != at).count();
        let why = if longest(times) == Some(took) {
            Some("That is when the last job was done.")
        } else if longest(&times[..before]) == Some(took) && times.len() > 30 {
            Some(
                "That is when the last job before it in the list was done; with short \
                 lists it did not wait for that. `try_join_all` does so: of more than 30 \
                 futures, it sees an error only after those before it in the list.",
            )
        } else if longest(&times[..before]) == Some(took) {
            Some("That is when the last job before it in the list was done.")
        } else {
            None
        };
        check::that(took == *at, words).because(why)
    }

    /// Checks that no job was running when it returned.
    fn all_stopped(&self) -> Result<()> {
        let [at_once, later] = self.running;
        let words = format!(
            "{}: {} still running when it returned, expected 0.",
            self.what,
            jobs(at_once)
        );
        let why = match later {
            0 => {
                "They stopped soon after. `abort`, or dropping a `JoinSet`, only \
                 requests cancellation: await each handle, or `join_next` until it \
                 returns `None`."
            }
            _ => DETACHED,
        };
        check::that(at_once == 0, words).because([why])
    }
}

async fn in_order() -> Result<()> {
    let many = check::rng().between(101..=150) as usize;
    for kinds in ["lsxsl", &"ls".repeat(many), "s", "sh", ""] {
        let (what, probe) = (format!("a list of {}", kinds.len()), Probe::default());
        let (jobs, Plan { times, .. }) = list(&probe, kinds, 1, Fail::Error);
        let outcome = watch(&what, &probe, task_group(jobs)).await;
        let result = outcome.result.when(kinds.is_empty(), "The list was empty.");
        let (got, expected) = (result??, Vec::from_iter(1..=kinds.len()));
        let why = (got == probe.finished()).then_some(
            "This is the order in which the jobs finished. Keep each job's index in \
             the list with its output.",
        );
        let judged = check::in_order(&got, &expected);
        outcome.run.pictured(judged.because(why))?;
        let longest = times.iter().max().map_or(Duration::ZERO, |time| *time * MS);
        let sum = times.iter().sum::<u32>() * MS;
        outcome.run.paced(&Pace::mixed(&what, sum, longest))?;
    }
    Ok(())
}

/// Calls `task_group` with lists in which jobs fail.
async fn failing(
    fail: Fail,
    judge: impl Fn(&Outcome<Vec<usize>>, &Plan) -> Result<()>,
) -> Result<()> {
    let before = check::rng().between(51..=100) as usize;
    let many = format!("{}F{}x", "ls".repeat(before), "l".repeat(98));
    for kinds in ["lsFlx", "elFsx", "Fxels", "xlseF", &many] {
        let probe = Probe::default();
        let (jobs, plan) = list(&probe, kinds, 1, fail);
        let number = kinds.find('F').map_or(0, |index| index + 1);
        let (count, how, at) = (kinds.len(), fail.words(), plan.at);
        let what = format!("a list of {count}, number {number} {how} after {at} ms");
        let outcome = watch(&what, &probe, task_group(jobs)).await;
        outcome.run.pictured(judge(&outcome, &plan))?;
    }
    Ok(())
}

async fn first_error() -> Result<()> {
    failing(Fail::Error, Outcome::failed).await
}

async fn stopped() -> Result<()> {
    failing(Fail::Error, |outcome, _| outcome.all_stopped()).await?;
    let (error, panic) =
        tokio::join!(computing(Fail::Error), computing(Fail::Panic));
    error.and(panic)
}

/// The stages of [`computing`], in their order. The group has `SEEN` the failure when
/// it was polled after it; a job is `KEPT` if no abort has reached it.
const FAILED: usize = 1;
const SEEN: usize = 2;
const KEPT: usize = 3;
const RETURNED: usize = 4;

/// More polls than a right answer needs to stop three jobs.
const MANY: usize = 200;

/// Checks that it waits for a job that another thread runs, and that no abort can
/// stop until its next `.await`; that it aborts the others in the meantime; and that
/// the `end` of this job does not replace the first error. A right answer passes
/// however long the threads take.
async fn computing(end: Fail) -> Result<()> {
    let stage = Arc::new(AtomicUsize::new(0));
    let rng = check::rng();
    let (first, second) = (rng.word(), rng.word());
    let (start, mut started) = oneshot::channel();
    // `held` lives as long as the computing job, each receiver as long as its owner.
    let (held, is_held) = watch::channel(());
    let mut other = is_held.clone();
    let polls = Arc::new(AtomicUsize::new(0));
    let group_polls = Arc::clone(&polls);
    let (stages, message) = (Arc::clone(&stage), second.clone());
    let computing = async move {
        let _ = start.send(());
        let reached = |at| stages.load(SeqCst) >= at;
        let until = |count, open: &dyn Fn() -> bool| {
            (0..count).any(|_| {
                let is_open = open();
                if !is_open {
                    thread::sleep(MS);
                }
                is_open
            })
        };
        until(60, &|| reached(RETURNED));
        // On a slow machine, a group that polls in a loop gets more time.
        until(2000, &|| {
            reached(RETURNED)
                || group_polls.load(SeqCst) >= MANY
                || check::all_asleep()
        });
        let all_stopped = || !reached(FAILED) || held.receiver_count() == 1;
        if !until(5000, &|| all_stopped() || reached(RETURNED)) {
            stages.fetch_max(KEPT, SeqCst);
        }
        for _ in 0..1000 {
            if reached(SEEN) {
                return end.with(message);
            }
            yield_now().await;
        }
        Ok(0)
    };
    let (stages, message) = (Arc::clone(&stage), first.clone());
    let failing = async move {
        // Blocks its thread: a task that `computing` wakes may be queued on the thread
        // that `computing` blocks.
        let mut is_started = || {
            thread::sleep(MS);
            started.try_recv() != Err(TryRecvError::Empty)
        };
        if !(0..1000).any(|_| is_started()) {
            let _ = started.await;
        }
        stages.fetch_max(FAILED, SeqCst);
        Fail::Error.with(message)
    };
    let waiting = async move {
        let _ = other.changed().await;
        Ok(0)
    };
    let jobs = vec![computing.boxed(), failing.boxed(), waiting.boxed()];
    let group = spawn_blocking(move || {
        // Without timers: one could end before the job.
        let runtime = Builder::new_multi_thread().worker_threads(2).build()?;
        let result = check::caught_call(|| {
            runtime.block_on(async {
                let mut group = pin!(task_group(jobs));
                let polled = poll_fn(|context| {
                    let failed = stage.load(SeqCst) >= FAILED;
                    polls.fetch_add(usize::from(failed), SeqCst);
                    let poll = group.as_mut().poll(context);
                    if failed && poll.is_pending() {
                        stage.fetch_max(SEEN, SeqCst);
                    }
                    poll
                });
                polled.await
            })
        });
        let is_left = is_held.has_changed().is_ok();
        let is_kept = stage.swap(RETURNED, SeqCst) == KEPT;
        runtime.shutdown_background();
        let is_loop = polls.load(SeqCst) >= MANY;
        anyhow::Ok((result, is_left, is_kept, is_loop))
    });
    let (result, is_left, is_kept, is_loop) = group.await??;
    let when = "a job fails while the second job runs on another thread";
    let has_timer = result
        .as_ref()
        .is_err_and(|panic| panic.to_string().contains("timers are disabled"));
    let words = format!(
        "{when}: `task_group` used a timer.\nA timer may end before the job: await the \
         aborted task's handle, or `join_next`."
    );
    check::that(!has_timer, words)?;
    let result = result?;
    let words = format!(
        "{when}: the second was still running when `task_group` returned.\nYielding or \
         sleeping is not enough: await the aborted task's handle, or `join_next`."
    );
    check::that(!is_left, words)?;
    let words = format!(
        "{when}: a third job was not stopped as long as the second ran.\nAt the first \
         failure, abort all others before you await any of them."
    );
    check::that(!is_kept, words)?;
    let words = format!(
        "{when}: `task_group` woke itself again and again until the others had stopped, \
         as a loop of `yield_now` does. Await them instead."
    );
    check::that(!is_loop, words)?;
    let error = result.err().ok_or_else(|| anyhow!("{when}: got Ok"))?;
    let words = format!(
        "First a job fails, with {first:?}. While the others are stopped, the second {} \
         ({second:?}). The first failure counts.",
        end.words()
    );
    Fail::Error.is(&error, &first).because([words])
}

async fn panic_is_error() -> Result<()> {
    let judge = |outcome: &Outcome<_>, plan: &Plan| {
        outcome.failed(plan).and_then(|()| outcome.all_stopped())
    };
    failing(Fail::Panic, judge).await?;
    failing(Fail::StrPanic, judge).await
}

async fn nested() -> Result<()> {
    for (what, outer, inner, fail) in [
        ("a group in a group", "sl", "ls", Fail::Error),
        ("a job of the inner group fails", "sl", "lFx", Fail::Error),
        ("a job of the inner group panics", "sl", "lFx", Fail::Panic),
        ("a job next to the inner group fails", "lF", "lsx", Fail::Error),
    ] {
        let probe = Probe::default();
        let (outer_jobs, outer_plan) = list(&probe, outer, 1, fail);
        let (inner_jobs, inner_plan) = list(&probe, inner, 11, fail);
        let jobs = outer_jobs.into_iter().map(|job| job.map_ok(|n| vec![n]).boxed());
        let jobs = jobs.chain([task_group(inner_jobs).boxed()]).collect();
        let outcome = watch(what, &probe, task_group(jobs)).await;
        let judged = if inner.contains('F') {
            outcome.failed(&inner_plan).and_then(|()| outcome.all_stopped())
        } else if outer.contains('F') {
            // The inner group is dropped, and a drop cannot wait.
            outcome.failed(&outer_plan).and(none_running(outcome.running[1]))
        } else {
            let expected = [vec![1], vec![2], vec![11, 12]];
            check::in_order(&outcome.result??, &expected)
        };
        outcome.run.pictured(judged)?;
    }
    Ok(())
}

/// Checks that no jobs are running some turns after the group has ended.
fn none_running(running: usize) -> Result<()> {
    let words = format!("{} still running, expected 0.", jobs(running));
    check::that(running == 0, words).because([DETACHED])
}

async fn dropped() -> Result<()> {
    let fails =
        "In this list job 3 fails: the group is dropped before and after that.";
    for (kinds, why) in [("lsxss", None), ("lsFxs", Some(fails))] {
        let scenario = async |cancel: &check::Cancel| {
            let probe = Probe::default();
            cancel.run(task_group(list(&probe, kinds, 1, Fail::Error).0)).await;
            turns().await;
            none_running(probe.running())
        };
        check::cancelled_at_every_await(scenario).await.because(why)?;
    }
    Ok(())
}
