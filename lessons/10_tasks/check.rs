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
use async_workbook::check::{self, Draw, Pace, Probe, Run};

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

/// Its output is its number.
struct Job {
    number: usize,
    /// In milliseconds.
    time: u32,
    failure: Option<Failure>,
}

#[derive(Clone)]
enum Failure {
    Error(String),
    Panic(String),
}

type Fail = fn(String) -> Failure;

/// Creates the futures of jobs; `probe` logs what happens to them.
fn start(probe: &Probe, jobs: &[Job]) -> Vec<BoxFuture<'static, Result<usize>>> {
    let start = |job: &Job| {
        let work = probe.work(job.number, job.time * MS);
        let failure = job.failure.clone();
        let job = async move {
            let number = work.await;
            // A loop that looks after each nap looks before the job is done.
            for _ in 0..4 {
                yield_now().await;
            }
            match failure {
                None => Ok(number),
                Some(Failure::Error(message)) => Err(anyhow!(message)),
                // Unlike `panic!`, it prints nothing.
                Some(Failure::Panic(message)) => resume_unwind(Box::new(message)),
            }
        };
        job.boxed()
    };
    jobs.iter().map(start).collect()
}

/// A list of jobs.
struct List {
    jobs: Vec<Job>,
    /// The message of the first failure, and its time.
    message: String,
    at: u32,
}

impl List {
    /// Draws a list, one job for each letter, numbered from `first` on. `s`: short; `F`:
    /// the first to fail; `e`: fails later; `l`: long; `x`: longer than all others.
    fn draw(draw: &Draw, kinds: &str, first: usize, fail: Fail) -> Self {
        // A prime: a loop of naps does not end at the same time by chance.
        let at = *draw.pick(&[97, 101, 103, 107, 109, 113]);
        let message = draw.word();
        let job = |(number, kind)| {
            let (range, failure) = match kind {
                's' => (30..=80, None),
                'F' => (at..=at, Some(fail(message.clone()))),
                'e' => (150..=190, Some(fail(draw.word()))),
                'l' => (200..=290, None),
                _ => (350..=390, None),
            };
            Job { number, time: draw.between(range).unsigned_abs(), failure }
        };
        let jobs = (first..).zip(kinds.chars()).map(job).collect();
        Self { jobs, message, at: at.unsigned_abs() }
    }
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
    fn failed(&self, List { jobs, message, at }: &List) -> Result<()> {
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
        let longest = |jobs: &[Job]| jobs.iter().map(|job| job.time).max();
        let before = jobs.iter().take_while(|job| job.time != *at).count();
        let why = if longest(jobs) == Some(took) {
            Some("That is when the last job was done.")
        } else if longest(&jobs[..before]) == Some(took) {
            Some("The jobs that come before it in the list were awaited first.")
        } else {
            None
        };
        check::explain(check::that(took == *at, words), why)
    }

    /// Checks that no job was running when it returned.
    fn all_stopped(&self) -> Result<()> {
        let [at_once, later] = self.running;
        let words = format!(
            "{}: jobs still running when it returned: {at_once}, expected 0.",
            self.what
        );
        let why = match later {
            0 => {
                "They stopped soon after. `abort`, or dropping a `JoinSet`, only \
                 requests the end of a task: wait for it."
            }
            _ => DETACHED,
        };
        check::explain(check::that(at_once == 0, words), Some(why))
    }
}

async fn in_order() -> Result<()> {
    let draw = check::draw();
    for kinds in ["lsxsl", &"ls".repeat(75), "s", ""] {
        let list = List::draw(&draw, kinds, 1, Failure::Error);
        let (what, probe) = (format!("a list of {}", kinds.len()), Probe::default());
        let group = task_group(start(&probe, &list.jobs));
        let Outcome { result, run, .. } = watch(&what, &probe, group).await;
        let (got, expected) = (result??, Vec::from_iter(1..=kinds.len()));
        let why = (got == probe.finished()).then_some(
            "This is the order in which the jobs finished. Keep each job's index in \
             the list with its output.",
        );
        run.pictured(check::explain(check::in_order(&got, &expected), why))?;
        let times = list.jobs.iter().map(|job| job.time * MS);
        let longest = times.clone().max().unwrap_or_default();
        run.paced(&Pace::mixed(&what, times.sum(), longest))?;
    }
    Ok(())
}

/// Calls `task_group` with lists in which jobs fail.
async fn failing(
    how: &str,
    fail: Fail,
    judge: impl Fn(&Outcome<Vec<usize>>, &List) -> Result<()>,
) -> Result<()> {
    let draw = check::draw();
    let many = format!("{}F{}x", "ls".repeat(50), "l".repeat(48));
    for kinds in ["lsFlx", "elFsx", "Fxels", "xlseF", &many] {
        let (list, probe) = (List::draw(&draw, kinds, 1, fail), Probe::default());
        let number = kinds.find('F').map_or(0, |index| index + 1);
        let (count, at) = (kinds.len(), list.at);
        let what = format!("a list of {count}, number {number} {how} after {at} ms");
        let group = task_group(start(&probe, &list.jobs));
        let seen = watch(&what, &probe, group).await;
        seen.run.pictured(judge(&seen, &list))?;
    }
    Ok(())
}

async fn first_error() -> Result<()> {
    failing("fails", Failure::Error, Outcome::failed).await
}

async fn stopped() -> Result<()> {
    failing("fails", Failure::Error, |seen, _| seen.all_stopped()).await?;
    computing().await
}

/// Checks that it waits for a job that another thread runs, and that no abort can stop
/// until its next `.await`. A right answer passes however long the threads take.
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
    let words = "a job fails while another thread runs the second one: when it returned, \
                 that one was still running.\n\
                 Some turns of the runtime, or some time, are not enough. An aborted \
                 task has stopped when its handle, or `join_next`, returns.";
    check::that(!is_left.await??, words)
}

async fn panic_is_error() -> Result<()> {
    let judge = |seen: &Outcome<_>, list: &List| {
        seen.failed(list).and_then(|()| seen.all_stopped())
    };
    failing("panics", Failure::Panic, judge).await
}

async fn nested() -> Result<()> {
    let draw = check::draw();
    for (what, outer, inner, fail) in [
        ("a group in a group", "sl", "ls", Failure::Error as Fail),
        ("a job of the inner group fails", "sl", "lFx", Failure::Error),
        ("a job of the inner group panics", "sl", "lFx", Failure::Panic),
        ("a job next to the inner group fails", "lF", "lsx", Failure::Error),
    ] {
        let probe = Probe::default();
        let outer_list = List::draw(&draw, outer, 1, fail);
        let inner_list = List::draw(&draw, inner, 11, fail);
        let group = task_group(start(&probe, &inner_list.jobs)).boxed();
        let outer_jobs = start(&probe, &outer_list.jobs).into_iter();
        let jobs = outer_jobs.map(|job| job.map_ok(|number| vec![number]).boxed());
        let group = task_group(jobs.chain([group]).collect());
        let seen = watch(what, &probe, group).await;
        let judged = if inner.contains('F') {
            seen.failed(&inner_list).and_then(|()| seen.all_stopped())
        } else if outer.contains('F') {
            // The inner group is dropped, and a drop cannot wait.
            let running = seen.running[1];
            let words =
                format!("{what}: jobs still running: {running}, expected 0.");
            let stopped = check::that(running == 0, words);
            seen.failed(&outer_list).and(check::explain(stopped, Some(DETACHED)))
        } else {
            let got = seen.result??;
            check::in_order(&got, &[vec![1], vec![2], vec![11, 12]])
        };
        seen.run.pictured(judged)?;
    }
    Ok(())
}

async fn dropped() -> Result<()> {
    let list = List::draw(&check::draw(), "lsxss", 1, Failure::Error);
    check::cancelled_at_every_await(async |cancel| {
        let probe = Probe::default();
        cancel.run(task_group(start(&probe, &list.jobs))).await;
        turns().await;
        let running = probe.running();
        let words = format!("jobs still running: {running}, expected 0.");
        check::explain(check::that(running == 0, words), Some(DETACHED))
    })
    .await
}
