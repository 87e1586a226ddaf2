//! The check of exercise 10.

use std::error::Error;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Result, anyhow};
use futures::future::{BoxFuture, FutureExt, TryFutureExt};
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::task::{JoinError, spawn_blocking, yield_now};
use tokio::time::timeout;

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

/// The end of a job that fails.
type Fail = fn(String) -> Result<usize>;

fn fails(message: String) -> Result<usize> {
    Err(anyhow!(message))
}

/// Unlike `panic!`, it prints nothing.
fn panics(message: String) -> Result<usize> {
    resume_unwind(Box::new(message))
}

/// What is known of a list of jobs.
struct Plan {
    /// The time of each job, in milliseconds.
    times: Vec<u32>,
    /// The message of the first failure, and its time.
    message: String,
    at: u32,
}

/// Draws a list of jobs, one for each letter. `s`: short; `F`: the first to fail;
/// `e`: fails later; `l`: long; `x`: longer than all others. The output of a job is
/// its number, counted from `first`. `probe` logs what happens to it.
fn list(probe: &Probe, kinds: &str, first: usize, fail: Fail) -> (Vec<Job>, Plan) {
    let draw = check::draw();
    // A prime: a loop of short sleeps does not end at the same time by chance.
    let at = *draw.pick(&[97, 101, 103, 107, 109, 113]);
    let message = draw.word();
    let job = |(number, kind)| {
        let (range, failure) = match kind {
            's' => (30..=80, None),
            'F' => (at..=at, Some(message.clone())),
            'e' => (150..=190, Some(draw.word())),
            'l' => (200..=290, None),
            _ => (350..=390, None),
        };
        let time = draw.between(range).unsigned_abs();
        let work = probe.work(number, time * MS);
        let job = async move {
            let number = work.await;
            // A loop of short sleeps checks before the job is done.
            for _ in 0..4 {
                yield_now().await;
            }
            failure.map_or(Ok(number), fail)
        };
        (job.boxed(), time)
    };
    let (jobs, times) = (first..).zip(kinds.chars()).map(job).unzip();
    (jobs, Plan { times, message, at: at.unsigned_abs() })
}

/// What one call of `task_group` did.
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
    fn failed(&self, Plan { times, message, at }: &Plan) -> Result<()> {
        let Self { what, run, result, .. } = self;
        let cancelled = |cause: &(dyn Error + 'static)| {
            cause.downcast_ref().is_some_and(JoinError::is_cancelled)
        };
        let expected = format!("{message:?}");
        let got = match result {
            Ok(Err(error)) if !error.chain().any(cancelled) => {
                let reports = |cause: &(dyn Error + 'static)| {
                    cause.to_string().contains(message)
                };
                check::that_error(error.as_ref(), reports, &expected)?;
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
        } else if longest(&times[..before]) == Some(took) {
            Some("The jobs that come before it in the list were awaited first.")
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
                 requests cancellation: await the handle, or `join_next`."
            }
            _ => DETACHED,
        };
        check::that(at_once == 0, words).because([why])
    }
}

async fn in_order() -> Result<()> {
    for kinds in ["lsxsl", &"ls".repeat(75), "s", ""] {
        let (what, probe) = (format!("a list of {}", kinds.len()), Probe::default());
        let (jobs, Plan { times, .. }) = list(&probe, kinds, 1, fails);
        let seen = watch(&what, &probe, task_group(jobs)).await;
        let (got, expected) = (seen.result??, Vec::from_iter(1..=kinds.len()));
        let why = (got == probe.finished()).then_some(
            "This is the order in which the jobs finished. Keep each job's index in \
             the list with its output.",
        );
        let judged = check::in_order(&got, &expected);
        seen.run.pictured(judged.because(why))?;
        let longest = times.iter().max().map_or(Duration::ZERO, |time| *time * MS);
        let sum = times.iter().sum::<u32>() * MS;
        seen.run.paced(&Pace::mixed(&what, sum, longest))?;
    }
    Ok(())
}

/// Calls `task_group` with lists in which jobs fail.
async fn failing(
    fail: Fail,
    how: &str,
    judge: impl Fn(&Outcome<Vec<usize>>, &Plan) -> Result<()>,
) -> Result<()> {
    let many = format!("{}F{}x", "ls".repeat(50), "l".repeat(48));
    for kinds in ["lsFlx", "elFsx", "Fxels", "xlseF", &many] {
        let probe = Probe::default();
        let (jobs, plan) = list(&probe, kinds, 1, fail);
        let number = kinds.find('F').map_or(0, |index| index + 1);
        let (count, at) = (kinds.len(), plan.at);
        let what = format!("a list of {count}, number {number} {how} after {at} ms");
        let seen = watch(&what, &probe, task_group(jobs)).await;
        seen.run.pictured(judge(&seen, &plan))?;
    }
    Ok(())
}

async fn first_error() -> Result<()> {
    failing(fails, "fails", Outcome::failed).await
}

async fn stopped() -> Result<()> {
    failing(fails, "fails", |seen, _| seen.all_stopped()).await?;
    computing().await
}

/// Checks that it waits for a job that another thread runs, and that no abort can
/// stop until its next `.await`. A right answer passes however long the threads
/// take.
async fn computing() -> Result<()> {
    let alive = Arc::new(());
    let (held, (start, started)) = (Arc::clone(&alive), oneshot::channel());
    let computing = async move {
        let _ = start.send(());
        thread::sleep(50 * MS);
        yield_now().await;
        drop(held);
        Ok(())
    };
    let failing = async move {
        let _ = timeout(1000 * MS, started).await;
        Err(anyhow!("failed"))
    };
    let is_left = spawn_blocking(move || {
        let mut runtime = Builder::new_multi_thread();
        let runtime = runtime.worker_threads(2).enable_time().build()?;
        let group = task_group(vec![computing.boxed(), failing.boxed()]);
        let _ = runtime.block_on(group);
        let is_left = Arc::strong_count(&alive) > 1;
        runtime.shutdown_background();
        anyhow::Ok(is_left)
    });
    let words = "a job fails while the second job runs on another thread: the second was \
                 still running when `task_group` returned.\n\
                 Yielding or sleeping is not enough: await the aborted task's handle, or \
                 `join_next`.";
    check::that(!is_left.await??, words)
}

async fn panic_is_error() -> Result<()> {
    let judge = |seen: &Outcome<_>, plan: &Plan| {
        seen.failed(plan).and_then(|()| seen.all_stopped())
    };
    failing(panics, "panics", judge).await
}

async fn nested() -> Result<()> {
    for (what, outer, inner, fail) in [
        ("a group in a group", "sl", "ls", fails as Fail),
        ("a job of the inner group fails", "sl", "lFx", fails),
        ("a job of the inner group panics", "sl", "lFx", panics),
        ("a job next to the inner group fails", "lF", "lsx", fails),
    ] {
        let probe = Probe::default();
        let (outer_jobs, outer_plan) = list(&probe, outer, 1, fail);
        let (inner_jobs, inner_plan) = list(&probe, inner, 11, fail);
        let jobs = outer_jobs.into_iter().map(|job| job.map_ok(|n| vec![n]).boxed());
        let jobs = jobs.chain([task_group(inner_jobs).boxed()]).collect();
        let seen = watch(what, &probe, task_group(jobs)).await;
        let judged = if inner.contains('F') {
            seen.failed(&inner_plan).and_then(|()| seen.all_stopped())
        } else if outer.contains('F') {
            // The inner group is dropped, and a drop cannot wait.
            seen.failed(&outer_plan).and(none_running(seen.running[1]))
        } else {
            let expected = [vec![1], vec![2], vec![11, 12]];
            check::in_order(&seen.result??, &expected)
        };
        seen.run.pictured(judged)?;
    }
    Ok(())
}

/// Checks that no jobs are running some turns after the group has ended.
fn none_running(running: usize) -> Result<()> {
    let words = format!("{} still running, expected 0.", jobs(running));
    check::that(running == 0, words).because([DETACHED])
}

async fn dropped() -> Result<()> {
    check::cancelled_at_every_await(async |cancel| {
        let probe = Probe::default();
        cancel.run(task_group(list(&probe, "lsxss", 1, fails).0)).await;
        turns().await;
        none_running(probe.running())
    })
    .await
}
