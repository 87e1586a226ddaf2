//! The check of exercise 04.
//!
//! Every run is compared with the timetable of a perfect `gather_limited`, job by
//! job. If it differs, it is compared with the timetables of typical mistakes: only
//! one that fits exactly is named.

use std::cell::Cell;
use std::future::{poll_fn, ready};
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use anyhow::Result;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, timeout};

use super::gather_limited;
use async_workbook::check::{
    self, Diagnosis, Difference, Explain, Probe, Run, Schedule, timetable,
};
use async_workbook::text::count;

const MS: Duration = Duration::from_millis(1);

#[test]
fn check() -> check::Verdict {
    let mut exercise = check::Exercise::new();
    exercise.check("the outputs are in the order of the list", in_order);
    let title = "as many jobs in flight as the limit allows, never more";
    exercise.check(title, bounded);
    exercise.check("a slow job does not hold up the others", slow);
    exercise.check("short and empty lists work too", short);
    exercise.check_schedules(
        "all of this holds in whichever order the jobs finish",
        any_order,
    );
    exercise.check("dropping it stops all of its work", dropped);
    exercise.verdict()
}

/// One job of a list.
#[derive(Clone, Copy)]
struct Job {
    number: usize,
    /// In milliseconds.
    time: u32,
    /// Differs from the number: several jobs may have the same output.
    output: usize,
}

/// Creates jobs 1, 2, 3 and so on, with these durations in milliseconds. Each output
/// is the job's number.
fn jobs(times: &[u32]) -> Vec<Job> {
    let job = |(number, &time)| Job { number, time, output: number };
    (1..).zip(times).map(job).collect()
}

/// Returns the future of a job.
fn work(probe: &Probe, job: Job) -> impl Future<Output = usize> + Send + use<> {
    let work = probe.work(job.number, job.time * MS);
    async move {
        work.await;
        // Code that polls in a loop of short sleeps wakes up in the same millisecond. It
        // has checked before the job is done, and checks again one sleep later.
        for _ in 0..4 {
            yield_now().await;
        }
        job.output
    }
}

fn millis(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX)
}

/// The outcome of one call to `gather_limited`.
struct Outcome {
    what: String,
    limit: usize,
    jobs: Vec<Job>,
    outputs: Vec<usize>,
    probe: Probe,
    /// The start of each job in milliseconds, if it has started.
    starts: Vec<Option<u32>>,
    run: Run<()>,
}

/// Far longer than any list here takes in sequence.
const LONG: Duration = Duration::from_secs(60);

async fn gather(limit: usize, jobs: &[Job]) -> Result<Outcome> {
    let what = format!("{}, {limit} at a time", count(jobs.len() as u64, "job"));
    let probe = Probe::default();
    let futures = jobs.iter().map(|&job| work(&probe, job)).collect();
    let began = Instant::now();
    let all = timeout(LONG, gather_limited(limit, futures));
    let (outputs, run) = check::run(&what, all).await.split();
    let Ok(outputs) = outputs else {
        let (begun, done) = (probe.begun().len(), probe.finished().len());
        let why = stuck(limit, jobs.len(), begun, done).await;
        let how = match run.parks {
            1000.. => "it does not end, but keeps sleeping and waking up",
            _ if begun == 0 && why.is_none() => {
                "it does not end on the paused clock of this check, which no other thread \
                 or runtime shares"
            }
            _ => "deadlock",
        };
        let words = format!(
            "{what}: {how}. {begun} of the jobs have started, {done} are done."
        );
        return Err(Diagnosis::new(words).into()).because(why);
    };
    let start = |job: &Job| probe.start(job.number).map(|at| millis(at - began));
    let starts = jobs.iter().map(start).collect();
    Ok(Outcome { what, limit, jobs: jobs.to_vec(), outputs, probe, starts, run })
}

/// Returns true if `gather_limited` returns for a list of equal jobs.
async fn returns(limit: usize, count: usize) -> bool {
    let probe = Probe::default();
    let futures = jobs(&vec![10; count]).into_iter().map(|job| work(&probe, job));
    timeout(LONG, gather_limited(limit, futures.collect())).await.is_ok()
}

/// Diagnoses a run that never ends, by runs of other lists.
async fn stuck(
    limit: usize,
    count: usize,
    begun: usize,
    done: usize,
) -> Option<&'static str> {
    if count == 0 {
        Some("With an empty list there is nothing to wait for.")
    } else if begun == 0
        && limit < count
        && returns(count, count).await
        && returns(1, 1).await
    {
        Some(
            "It returns when the limit is as large as the list: the code waits for one \
             slot per job before it polls any job, so no job ends and frees a slot. Wait \
             for the slot inside each job's future.",
        )
    } else if begun == 0 && !returns(1, 1).await && returns(2, 1).await {
        Some(
            "With a limit of 1 not even a single job starts, with a limit of 2 it \
             does: the code allows one job fewer than the limit.",
        )
    } else if begun == count && done == count {
        Some("All jobs are done, and still it waits for something.")
    } else if begun == done && begun == limit {
        Some("After the first jobs were done, their slots stayed taken.")
    } else {
        None
    }
}

impl Outcome {
    /// Checks outputs, peak, order and times.
    fn perfect(&self) -> Result<()> {
        self.outputs()?;
        self.peak()?;
        self.started_in_order()?;
        self.on_time()
    }

    /// Adds a picture, unless it would be too long.
    fn pictured(&self, result: Result<()>) -> Result<()> {
        if self.jobs.len() <= 12 { self.run.pictured(result) } else { result }
    }

    /// Checks the outputs and their order.
    fn outputs(&self) -> Result<()> {
        let expected: Vec<_> = self.jobs.iter().map(|job| job.output).collect();
        let got = &self.outputs;
        let output = |number: &usize| {
            self.jobs.iter().find(|job| job.number == *number).map(|job| job.output)
        };
        let completed: Vec<_> =
            self.probe.finished().iter().filter_map(output).collect();
        let early = completed.len() < expected.len();
        // The order of a short list may be a coincidence.
        let long = expected.len() >= 5;
        let why = match check::difference(got, &expected) {
            Some(_) if *got == completed && !early && long => Some(
                "This is the order in which the jobs finished. Keep each job's index \
                 in the list with its output.",
            ),
            Some(Difference::Sorted | Difference::SortedDescending) => Some(
                "The outputs themselves say nothing about their order. Keep each \
                 job's index in the list with its output, and sort by the index.",
            ),
            Some(_) if early => Some("It returned before all jobs were done."),
            Some(Difference::DuplicatesLost) => {
                Some("Different jobs may have equal outputs.")
            }
            _ => None,
        };
        self.pictured(check::in_order(got, &expected)).because(why)
    }

    /// Checks the number of jobs in flight.
    fn peak(&self) -> Result<()> {
        let peak = self.probe.peak();
        let judged = check::peak("jobs", peak, self.limit.min(self.jobs.len()));
        // The diagnosis of a peak of 1 is complete.
        let explain = judged.is_err() && peak > 1;
        let why = if explain { self.like() } else { None };
        self.pictured(judged).because(why)
    }

    /// Checks the order of the starts.
    fn started_in_order(&self) -> Result<()> {
        let begun = self.probe.begun();
        let listed: Vec<_> = self.jobs.iter().map(|job| job.number).collect();
        let words = format!(
            "the jobs started in the order {begun:?}, but the list is {listed:?}."
        );
        self.pictured(check::that(begun == listed, words)).when(
            listed.len() > 1 && begun.iter().rev().eq(&listed),
            "They started from the end of the list, as with `Vec::pop`.",
        )
    }

    /// Checks the time of each start, and of the end.
    fn on_time(&self) -> Result<()> {
        let Self { what, limit, jobs, .. } = self;
        let times: Vec<_> = jobs.iter().map(|job| job.time).collect();
        let expected = timetable::limited(*limit, &times);
        let mut starts = expected.iter().zip(&self.starts).zip(jobs);
        let wrong =
            starts.find(|((expected, start), _)| Some(**expected) != **start);
        if let Some(((expected, start), Job { number, .. })) = wrong {
            let start = start.unwrap_or_default();
            let free = match start > *expected && *expected > 0 {
                true => ", when a slot was free",
                false => "",
            };
            let words = format!(
                "{what}: job {number} started at {start} ms, expected {expected} \
                 ms{free}."
            );
            return self.pictured(check::that(false, words)).because(self.like());
        }
        let ends = expected.iter().zip(times).map(|(start, time)| start + time);
        let (took, end) = (millis(self.run.took), ends.max().unwrap_or_default());
        let words = format!(
            "{what}, took {took} ms, but the last job was done after {end} ms."
        );
        self.pictured(check::that(took == end, words))
    }

    /// Names the mistake whose timetable is that of this run.
    fn like(&self) -> Option<String> {
        let (limit, parks, peak) = (self.limit, self.run.parks, self.probe.peak());
        let times: Vec<_> = self.jobs.iter().map(|job| job.time).collect();
        let count = times.len();
        let fits = |starts: Vec<u32>| {
            starts.into_iter().map(Some).eq(self.starts.iter().copied())
        };
        let fits_limit = |limit| fits(timetable::limited(limit, &times));
        let cause = if fits_limit(count) && self.probe.all_in_tasks() {
            "All jobs started at once, each in a task: a task runs from `spawn` on, \
             whether its handle is awaited or not. A limit must delay the `spawn`, or \
             hold back the future inside the task."
        } else if fits_limit(count) {
            "All jobs started at once: the limit had no effect. A permit limits only \
             while it is held (`let _ = ...` drops it immediately), and only the jobs \
             that share its semaphore."
        } else if fits_limit(1) {
            "Each job started when the one before it was done."
        } else if fits(timetable::buffered(limit, &times)) {
            "These are the times of `buffered`: an output that is ready early keeps its \
             slot until its turn comes, so a slow job leaves the other slots empty."
        } else if fits(timetable::batches(limit, &times)) {
            "These are the times of batches: a batch is as slow as its slowest job, and \
             its other slots stay idle until then."
        } else if (2..count).contains(&peak) && fits_limit(peak) {
            return Some(format!("The start times match a limit of {peak}."));
        } else {
            return (parks > 5 * count as u64).then(|| format!(
                "The runtime woke up {parks} times for these {count} jobs. Something \
                 sleeps and polls in a loop, instead of being woken up when a job is done."
            ));
        };
        Some(cause.to_owned())
    }
}

async fn in_order() -> Result<()> {
    gather(2, &jobs(&[50, 20, 40, 10, 30])).await?.outputs()?;
    // Some outputs are equal, and they are not sorted.
    let mut list = jobs(&[41, 13, 29, 17, 3, 23, 7, 11]);
    for (job, output) in list.iter_mut().zip([70, 20, 70, 50, 10, 20, 90, 20]) {
        job.output = output;
    }
    gather(3, &list).await?.outputs()?;
    moved().await
}

async fn bounded() -> Result<()> {
    let list = jobs(&[10, 12, 14, 16, 18, 20, 22, 24]);
    for limit in [3, 5, 2, 1, 8, 7] {
        let outcome = gather(limit, &list).await?;
        let (judged, peak) = (outcome.peak(), outcome.probe.peak());
        if judged.is_err() && (2..list.len()).contains(&peak) {
            // The limit may have no effect.
            let other = if peak == 6 { 4 } else { 6 };
            let same = gather(other, &list).await?.probe.peak() == peak;
            let why = format!("With a limit of {other} it is {peak}, too.");
            return judged.when(same, why);
        }
        judged?;
        outcome.outputs()?;
    }
    // More than any limit that the code might have of its own.
    let times: Vec<_> = (0..300).map(|index| 5 + index * 7 % 31).collect();
    let outcome = gather(270, &jobs(&times)).await?;
    outcome.peak()?;
    outcome.outputs()?;
    // Each call has its own limit.
    let (one, other) = (jobs(&[9, 5, 7, 4]), jobs(&[6, 8, 3, 5, 2]));
    let (one, other) = tokio::join!(gather(2, &one), gather(3, &other));
    for outcome in [one?, other?] {
        let judged = outcome.peak().and_then(|()| outcome.outputs());
        judged.because(["Two calls ran at the same time."])?;
    }
    Ok(())
}

async fn slow() -> Result<()> {
    let times = [10, 60, 10, 10, 10, 10, 10, 10, 10, 10];
    let outcome = gather(3, &jobs(&times)).await?;
    outcome.outputs()?;
    outcome.started_in_order()?;
    outcome.on_time()
}

async fn short() -> Result<()> {
    for (limit, times) in [
        (5, &[30, 10, 20][..]),
        (5, &[30_000]),
        (5, &[]),
        (1, &[10]),
        (1, &[]),
        (1000, &[20, 10]),
    ] {
        let outcome = gather(limit, &jobs(times)).await?;
        outcome.outputs()?;
        outcome.on_time()?;
    }
    let expected: Vec<_> = (0..1200).collect();
    let futures = expected.iter().map(|&number| ready(number)).collect();
    let all = timeout(LONG, gather_limited(3, futures)).await;
    let words = "`gather_limited` does not return with 1200 futures that are ready at their first poll.";
    check::that(all.is_ok(), words)?;
    check::in_order(&all?, &expected)
}

async fn any_order(schedule: &Schedule) -> Result<()> {
    let job = |number| Job {
        number,
        time: millis(schedule.delay()),
        output: schedule.number(8),
    };
    let jobs: Vec<_> = (1..=1 + schedule.number(12)).map(job).collect();
    gather(1 + schedule.number(5), &jobs).await?.perfect()
}

/// A `gather_limited` may move to another task, with another waker, after its first
/// poll.
async fn moved() -> Result<()> {
    let (probe, list) = (Probe::default(), jobs(&[10, 20, 30]));
    let futures = list.iter().map(|&job| work(&probe, job)).collect();
    let mut all = pin!(gather_limited(2, futures));
    let first = all.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    let done = first.is_ready() || timeout(LONG, all).await.is_ok();
    check::that(
        done,
        "it was polled with another waker after its first poll, as when a future moves to \
         another task, and was never woken. Only the waker of the latest poll counts.",
    )
}

async fn dropped() -> Result<()> {
    let in_tasks = Cell::new(false);
    let list = jobs(&[13, 10, 17, 11, 12, 10, 14]);
    let before =
        gather(3, &list).await.is_ok_and(|outcome| outcome.outputs().is_ok());
    let scenario = check::cancelled_at_every_await(async |cancel| {
        let probe = Probe::default();
        let futures = list.iter().map(|&job| work(&probe, job)).collect();
        let begun = Cell::new(0);
        let all = async {
            let mut all = pin!(gather_limited(3, futures));
            let polled = poll_fn(|context| {
                let polled = all.as_mut().poll(context);
                begun.set(probe.begun().len());
                polled
            });
            timeout(LONG, polled).await
        };
        cancel.run(all).await;
        // Aborted tasks are dropped only after a few turns of the scheduler.
        for _ in 0..10 {
            yield_now().await;
        }
        let (running, begun_by_now) = (probe.running(), probe.begun().len());
        in_tasks.set(probe.all_in_tasks());
        sleep(LONG).await;
        let more = probe.begun().len() - begun_by_now;
        let words = format!(
            "{} kept running, and {more} more started later.",
            count(running as u64, "job")
        );
        check::that(running + more == 0, words)?;
        let started = count((begun_by_now - begun.get()) as u64, "job");
        let words = format!("its drop started {started}.");
        check::that(begun_by_now == begun.get(), words)
    });
    let stopped = scenario.await;
    stopped
        .when(in_tasks.get(), "The jobs ran in spawned tasks.")
        .when(in_tasks.get(), check::OWNED_BY_RUNTIME)?;
    // The dropped calls must not affect the next one.
    if !before {
        return Ok(());
    }
    let after = gather(3, &list).await.and_then(|outcome| outcome.outputs());
    after.because([
        "Before other calls were dropped halfway, this call was right. Something that \
         they changed was not undone, such as a counter in a `static`.",
    ])
}
