//! The check of exercise 04.
//!
//! Every run is compared with the timetable of a perfect `gather_limited`, job by
//! job. If it differs, it is compared with the timetables of typical mistakes: only
//! one that fits exactly is named.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use tokio::runtime::Handle;
use tokio::task::{self, yield_now};
use tokio::time::{Instant, sleep, timeout};

use super::gather_limited;
use async_workbook::check::{self, Diagnosis, Difference, Probe, Run, Schedule};

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

/// The start of each job of a list, in milliseconds.
type Timetable = Vec<u32>;

/// The timetable of a perfect `gather_limited`: each job starts as soon as a slot is
/// free.
fn perfect(limit: usize, jobs: &[Job]) -> Timetable {
    let mut slots = vec![0; limit];
    let start = |job: &Job| {
        let slot = slots.iter_mut().min().expect("a limit is at least 1");
        let start = *slot;
        *slot += job.time;
        start
    };
    jobs.iter().map(start).collect()
}

/// The timetable of `buffered`, where a finished job keeps its slot until its turn.
fn buffered(limit: usize, jobs: &[Job]) -> Timetable {
    let mut starts = Timetable::new();
    // The time at which the output of each job is yielded.
    let mut yielded: Vec<u32> = Vec::new();
    for (index, job) in jobs.iter().enumerate() {
        let start = index.checked_sub(limit).map_or(0, |index| yielded[index]);
        let before = yielded.last().copied().unwrap_or_default();
        starts.push(start);
        yielded.push(before.max(start + job.time));
    }
    starts
}

/// The timetable of batches, each of which starts when all of the last one is done.
fn batches(limit: usize, jobs: &[Job]) -> Timetable {
    let mut starts = Timetable::new();
    let mut now = 0;
    for batch in jobs.chunks(limit) {
        starts.extend(batch.iter().map(|_| now));
        now += batch.iter().map(|job| job.time).max().unwrap_or_default();
    }
    starts
}

/// The time at which the last job ends.
fn end(starts: &Timetable, jobs: &[Job]) -> u32 {
    let ends = starts.iter().zip(jobs).map(|(start, job)| start + job.time);
    ends.max().unwrap_or_default()
}

/// What happened to the jobs of one list.
#[derive(Clone, Default)]
struct Record {
    probe: Probe,
    log: Arc<Mutex<Log>>,
}

#[derive(Default)]
struct Log {
    starts: Vec<(usize, u32)>,
    outputs: Vec<usize>,
    /// The number of jobs that were started by a spawned task.
    in_tasks: usize,
}

impl Record {
    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn started(&self, number: usize, now: Duration) {
        let mut log = self.log();
        log.starts.push((number, millis(now)));
        log.in_tasks += usize::from(task::try_id().is_some());
    }

    /// Returns the future of a job, for a list that is gathered now.
    fn work(&self, job: Job) -> impl Future<Output = usize> + Send + use<> {
        let (record, began) = (self.clone(), Instant::now());
        async move {
            record.started(job.number, began.elapsed());
            record.probe.work(job.number, job.time * MS).await;
            // Code that polls in a loop of naps wakes up in the same millisecond. It
            // has looked before the job is done, and looks again one nap later.
            for _ in 0..4 {
                yield_now().await;
            }
            record.log().outputs.push(job.output);
            job.output
        }
    }

    /// Returns the start of each of these jobs, if it has started.
    fn starts(&self, jobs: &[Job]) -> Vec<Option<u32>> {
        let log = self.log();
        let start = |job: &Job| {
            let mut starts = log.starts.iter();
            Some(starts.find(|(number, _)| *number == job.number)?.1)
        };
        jobs.iter().map(start).collect()
    }

    /// The number of jobs that have started.
    fn begun(&self) -> usize {
        self.log().starts.len()
    }

    /// The number of jobs that are done.
    fn done(&self) -> usize {
        self.log().outputs.len()
    }

    fn all_in_tasks(&self) -> bool {
        let log = self.log();
        log.in_tasks == log.starts.len()
    }
}

fn millis(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX)
}

/// The outcome of one call of `gather_limited`.
struct Outcome {
    what: String,
    limit: usize,
    jobs: Vec<Job>,
    outputs: Vec<usize>,
    record: Record,
    /// How often the thread parked, waiting for a timer.
    parks: u64,
    run: Run<()>,
}

/// Far longer than any list here takes in sequence.
const LONG: Duration = Duration::from_secs(60);

async fn gather(limit: usize, jobs: &[Job]) -> Result<Outcome> {
    let what = match jobs.len() {
        1 => format!("1 job, {limit} at a time"),
        count => format!("{count} jobs, {limit} at a time"),
    };
    let record = Record::default();
    let futures = jobs.iter().map(|&job| record.work(job)).collect();
    let parks = || Handle::current().metrics().worker_park_count(0);
    let parked = parks();
    let mut outputs = None;
    let run = check::run(&what, async {
        outputs = timeout(LONG, gather_limited(limit, futures)).await.ok();
    });
    let run = run.await;
    let parks = parks() - parked;
    let Some(outputs) = outputs else {
        let (begun, done) = (record.begun(), record.done());
        let how = match parks {
            1000.. => "it does not end, but keeps sleeping and waking up",
            _ => "deadlock",
        };
        let words = format!(
            "{what}: {how}. {begun} of the jobs have started, {done} are done."
        );
        let why = stuck(limit, jobs.len(), begun, done).await;
        return check::explain(Err(Diagnosis::new(words).into()), why);
    };
    let jobs = jobs.to_vec();
    Ok(Outcome { what, limit, jobs, outputs, record, parks, run })
}

/// Returns true if a list of equal jobs is gathered at all.
async fn returns(limit: usize, count: usize) -> bool {
    let record = Record::default();
    let futures = jobs(&vec![10; count]).into_iter().map(|job| record.work(job));
    timeout(LONG, gather_limited(limit, futures.collect())).await.is_ok()
}

/// Finds out by further runs why a run never ends.
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
            "With a limit as large as the list it ends, so the code counts up to the \
             limit before it polls any job. A job that is not polled never ends, and \
             a permit that is acquired for it in advance is never released. Let each \
             job acquire its own.",
        )
    } else if begun == 0 && !returns(1, 1).await && returns(2, 1).await {
        Some(
            "With a limit of 1 not even a single job starts, with a limit of 2 it \
             does: the code allows one job less than the limit.",
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

    /// Adds a picture, and a cause if there is one.
    fn explain(&self, result: Result<()>, why: Option<&str>) -> Result<()> {
        let result = check::explain(result, why);
        if self.jobs.len() <= 12 { self.run.pictured(result) } else { result }
    }

    /// Checks the outputs and their order.
    fn outputs(&self) -> Result<()> {
        let expected: Vec<_> = self.jobs.iter().map(|job| job.output).collect();
        let got = &self.outputs;
        let completed = self.record.log().outputs.clone();
        let why = match check::difference(got, &expected) {
            Some(_) if *got == completed && completed.len() == expected.len() => {
                Some(
                    "This is the order in which the jobs finished. Keep each job's index \
                 in the list with its output.",
                )
            }
            Some(Difference::Sorted | Difference::SortedDescending) => Some(
                "The outputs themselves say nothing about their order. Keep each \
                 job's index in the list with its output, and sort by the index.",
            ),
            Some(_) if completed.len() < expected.len() => {
                Some("It returned before all jobs were done.")
            }
            Some(Difference::DuplicatesLost) => {
                Some("Different jobs may have equal outputs.")
            }
            _ => None,
        };
        self.explain(check::in_order(got, &expected), why)
    }

    /// Checks the number of jobs in flight.
    fn peak(&self) -> Result<()> {
        let expected = self.limit.min(self.jobs.len());
        let seen = self.record.probe.peak();
        let judged = check::peak("jobs", seen, expected);
        // The diagnosis of a peak of 1 is complete.
        let why = if seen > 1 { self.like() } else { None };
        self.explain(judged, why.as_deref())
    }

    /// Checks the order of the starts.
    fn started_in_order(&self) -> Result<()> {
        let begun = self.record.probe.begun();
        let listed: Vec<_> = self.jobs.iter().map(|job| job.number).collect();
        let in_order = begun == listed;
        let backwards = !in_order && begun.iter().rev().eq(&listed);
        let why = backwards
            .then_some("They started from the end of the list, as with `Vec::pop`.");
        let words = format!(
            "the jobs started in the order {begun:?}, but the list is {listed:?}."
        );
        self.explain(check::that(in_order, words), why)
    }

    /// Checks the time of each start, and of the end.
    fn on_time(&self) -> Result<()> {
        let Self { what, limit, jobs, .. } = self;
        let expected = perfect(*limit, jobs);
        let starts = self.record.starts(jobs);
        let mut starts = expected.iter().zip(starts).zip(jobs);
        let wrong = starts.find(|((expected, start), _)| Some(**expected) != *start);
        if let Some(((&expected, start), job)) = wrong {
            let number = job.number;
            let started = start.map_or("never started".to_owned(), |start| {
                format!("started at {start} ms")
            });
            let free = match (start, expected) {
                (Some(start), 1..) if start > expected => ", when a slot was free",
                _ => "",
            };
            let words = format!(
                "{what}: job {number} {started}, expected {expected} ms{free}."
            );
            let judged = check::that(false, words);
            return self.explain(judged, self.like().as_deref());
        }
        let (took, end) = (millis(self.run.took), end(&expected, jobs));
        let judged = check::that(
            took == end,
            format!(
                "{what}, took {took} ms, but the last job was done after {end} ms."
            ),
        );
        self.explain(judged, None)
    }

    /// Names the mistake whose timetable is that of this run.
    fn like(&self) -> Option<String> {
        let Self { limit, jobs, .. } = self;
        let (limit, jobs) = (*limit, jobs.as_slice());
        let starts = self.record.starts(jobs);
        let fits = |model: Timetable| {
            model.into_iter().map(Some).eq(starts.iter().copied())
        };
        let fits_limit = |limit: usize| limit > 0 && fits(perfect(limit, jobs));
        let seen = if fits_limit(jobs.len()) && self.record.all_in_tasks() {
            "All jobs started at once, each in a task: a task runs from `spawn` on, \
             whether its handle is awaited or not. A limit must delay the `spawn`, or \
             hold back the future inside of the task."
        } else if fits_limit(jobs.len()) {
            "All jobs started at once: the limit had no effect. A permit limits only \
             while it is held (`let _ = ...` drops it in the same line), and only the \
             jobs that share one semaphore."
        } else if fits_limit(1) {
            "Each job started when the one before it was done."
        } else if fits(buffered(limit, jobs)) {
            "These are the times of `buffered`: an output that is ready early keeps its \
             slot until its turn comes, so a slow job leaves the other slots empty."
        } else if fits(batches(limit, jobs)) {
            "These are the times of batches: a batch is as slow as its slowest job, and \
             until then the slots of the others stay empty."
        } else if let Some(other) = (2..jobs.len()).find(|&other| fits_limit(other))
        {
            return Some(format!("These are the times of a limit of {other}."));
        } else if self.parks > 5 * jobs.len() as u64 {
            let Self { parks, .. } = self;
            return Some(format!(
                "The runtime woke up {parks} times for these {} jobs. Something sleeps \
                 and looks again, over and over, instead of being woken up when a job is \
                 done.",
                jobs.len()
            ));
        } else {
            return None;
        };
        Some(seen.to_owned())
    }
}

async fn in_order() -> Result<()> {
    gather(2, &jobs(&[50, 20, 40, 10, 30])).await?.outputs()?;
    // Outputs that are equal, and in no order.
    let mut list = jobs(&[41, 13, 29, 17, 3, 23, 7, 11]);
    for (job, output) in list.iter_mut().zip([70, 20, 70, 50, 10, 20, 90, 20]) {
        job.output = output;
    }
    gather(3, &list).await?.outputs()
}

async fn bounded() -> Result<()> {
    let list = jobs(&[10, 12, 14, 16, 18, 20, 22, 24]);
    for limit in [3, 5, 2, 1, 8, 7] {
        let seen = gather(limit, &list).await?;
        let peak = seen.record.probe.peak();
        let mut judged = seen.peak();
        if judged.is_err() && (2..list.len()).contains(&peak) {
            // Does the limit matter at all?
            let other = if peak == 6 { 4 } else { 6 };
            if gather(other, &list).await?.record.probe.peak() == peak {
                let why = format!("With a limit of {other} it is {peak}, too.");
                judged = check::explain(judged, Some(&why));
            }
        }
        judged?;
        seen.outputs()?;
    }
    // More than any limit that the code might have of its own.
    let times: Vec<_> = (0..400).map(|index| 5 + index * 7 % 31).collect();
    let seen = gather(150, &jobs(&times)).await?;
    seen.peak()?;
    seen.outputs()?;
    // Each call has its own limit.
    let (one, other) = (jobs(&[9, 5, 7, 4]), jobs(&[6, 8, 3, 5, 2]));
    let (one, other) = tokio::join!(gather(2, &one), gather(3, &other));
    for seen in [one?, other?] {
        let judged = seen.peak().and_then(|()| seen.outputs());
        check::explain(judged, Some("Two calls ran at the same time."))?;
    }
    Ok(())
}

async fn slow() -> Result<()> {
    let times = [10, 60, 10, 10, 10, 10, 10, 10, 10, 10];
    let seen = gather(3, &jobs(&times)).await?;
    seen.outputs()?;
    seen.started_in_order()?;
    seen.on_time()
}

async fn short() -> Result<()> {
    for (limit, times) in [
        (5, &[30, 10, 20][..]),
        (5, &[10]),
        (5, &[]),
        (1, &[10]),
        (1, &[]),
        (1000, &[20, 10]),
    ] {
        let seen = gather(limit, &jobs(times)).await?;
        seen.outputs()?;
        seen.on_time()?;
    }
    Ok(())
}

async fn any_order(schedule: &Schedule) -> Result<()> {
    let job = |number| Job {
        number,
        time: millis(schedule.delay()),
        output: schedule.number(8),
    };
    let mut jobs: Vec<_> = (1..=1 + schedule.number(12)).map(job).collect();
    schedule.shuffle(&mut jobs);
    gather(1 + schedule.number(5), &jobs).await?.perfect()
}

async fn dropped() -> Result<()> {
    let in_tasks = Mutex::new(false);
    let list = jobs(&[13, 10, 17, 11, 12, 10, 14]);
    let before = gather(3, &list).await.is_ok_and(|seen| seen.outputs().is_ok());
    let scenario = check::cancelled_at_every_await(async |cancel| {
        let record = Record::default();
        let futures = list.iter().map(|&job| record.work(job)).collect();
        cancel.run(timeout(LONG, gather_limited(3, futures))).await;
        // Aborted tasks need a few turns of the runtime to go away.
        for _ in 0..10 {
            yield_now().await;
        }
        let (running, begun) = (record.probe.running(), record.begun());
        let all = record.all_in_tasks();
        *in_tasks.lock().unwrap_or_else(PoisonError::into_inner) = all;
        sleep(LONG).await;
        let more = record.begun() - begun;
        let words =
            format!("{running} jobs kept running, and {more} more started later.");
        check::that(running + more == 0, words)
    });
    let stopped = scenario.await;
    let why = in_tasks.lock().unwrap_or_else(PoisonError::into_inner).then_some(
        "The jobs ran in spawned tasks. The runtime owns such a task, so the task \
         keeps running when its handle is dropped. Futures that are not spawned are \
         dropped with their owner, and so are the tasks of a `JoinSet`.",
    );
    check::explain(stopped, why)?;
    // Nothing is left behind that could disturb the next call.
    let after = async { gather(3, &list).await?.outputs() };
    let why = before.then_some(
        "Before other calls were dropped halfway, this call was right. Something that \
         they changed was not undone, such as a counter in a `static`.",
    );
    check::explain(after.await, why)
}
