//! The check of exercise 04.

use std::time::Duration;

use anyhow::Result;
use tokio::time::{sleep, timeout};

use super::gather_limited;
use async_workbook::check::{self, Pace, Probe, Run, Schedule};

const MS: Duration = Duration::from_millis(1);

#[test]
fn check() -> check::Verdict {
    let mut exercise = check::Exercise::new();
    exercise.check("the outputs are in the order of the list", in_order);
    exercise
        .check("as many jobs in flight as the limit allows, never more", bounded);
    exercise.check("a slow job does not hold up the others", slow);
    exercise.check("short and empty lists work too", short);
    exercise.check_schedules(
        "all of this holds in whichever order the jobs finish",
        any_order,
    );
    exercise.check("dropping it stops all of its work", dropped);
    exercise.verdict()
}

/// The number and the duration of each job in a list.
type Jobs = Vec<(usize, Duration)>;

/// Jobs 1, 2, 3 and so on, with these durations in milliseconds.
fn jobs(times: &[u32]) -> Jobs {
    (1..).zip(times).map(|(number, &time)| (number, time * MS)).collect()
}

/// The outcome of one call of `gather_limited`.
struct Outcome {
    outputs: Vec<usize>,
    expected: Vec<usize>,
    probe: Probe,
    run: Run<()>,
}

async fn gather(limit: usize, jobs: &Jobs) -> Result<Outcome> {
    let what = format!("{} jobs, {limit} at a time", jobs.len());
    let probe = Probe::default();
    let futures = jobs.iter().map(|&(number, time)| probe.work(number, time));
    let all = gather_limited(limit, futures.collect());

    let mut outputs = None;
    let run = check::run(&what, async {
        // Far longer than any list here takes in sequence.
        outputs = timeout(60_000 * MS, all).await.ok();
    });
    let run = run.await;
    let Some(outputs) = outputs else {
        let (begun, done) = (probe.begun().len(), probe.finished().len());
        let why = if jobs.is_empty() {
            "With an empty list there is nothing to wait for."
        } else if begun == 0 {
            "The code waits before it polls any job: it acquires a permit for each \
             up front, say, or locks something twice. A future that is not polled \
             never releases its permit, so let each job acquire its own."
        } else {
            "The code waits for something that never happens. Does each finished \
             job make room for the next?"
        };
        let stuck = format!(
            "{what}: deadlock. {begun} jobs have started, {done} are done.\n{why}"
        );
        return Err(check::Diagnosis::new(stuck).into());
    };
    let expected = jobs.iter().map(|&(number, _)| number).collect();
    Ok(Outcome { outputs, expected, probe, run })
}

impl Outcome {
    fn in_order(&self) -> Result<()> {
        let Self { outputs, expected, .. } = self;
        let why = (outputs.len() == expected.len()).then_some(
            "The outputs are in the order in which the jobs finished. Keep each \
             job's index in the list with its output.",
        );
        let judged = check::in_order(outputs, expected);
        self.run.pictured(check::explain(judged, why))
    }

    /// Checks that the jobs started in the order of the list.
    fn begun_in_order(&self) -> Result<()> {
        let Self { probe, expected, .. } = self;
        let begun = probe.begun();
        let words = format!(
            "the jobs started in the order {begun:?}, but the list is {expected:?}."
        );
        let backwards = begun.iter().rev().eq(expected);
        let why =
            backwards.then_some("`Vec::pop` takes items from the end of the list.");
        let judged = check::that(begun == *expected, words);
        self.run.pictured(check::explain(judged, why))
    }

    fn peak(&self, limit: usize) -> Result<()> {
        let (seen, all) = (self.probe.peak(), self.expected.len());
        let most = limit.min(all);
        let why = if seen == limit + 1 {
            Some(
                "The limit is off by one: the next job starts before the code waits \
                 for one to finish.",
            )
        } else if seen == all {
            Some(
                "All jobs ran at once: either nothing limits them, or each permit \
                 is released before its job runs. `let _ = ...` drops a permit in \
                 the same line, a named variable at the end of its block.",
            )
        } else if seen == 1 {
            Some("Each job is awaited before the next one is polled.")
        } else if seen + 1 == most {
            Some("One slot is never used.")
        } else {
            None
        };
        let judged = check::explain(check::peak("jobs", seen, most), why);
        self.run.pictured(judged)
    }
}

async fn in_order() -> Result<()> {
    gather(2, &jobs(&[50, 20, 40, 10, 30])).await?.in_order()
}

async fn bounded() -> Result<()> {
    for limit in [3, 5, 1] {
        gather(limit, &jobs(&[10; 8])).await?.peak(limit)?;
    }
    Ok(())
}

async fn slow() -> Result<()> {
    let times = [10, 60, 10, 10, 10, 10, 10, 10, 10, 10];
    let seen = gather(3, &jobs(&times)).await?;
    seen.begun_in_order()?;
    let what = "10 jobs, 3 at a time, one of 60 ms and nine of 10 ms,";
    let judged = seen.run.paced(&Pace::mixed(what, 150 * MS, 60 * MS));
    let why = match seen.run.took.as_millis() {
        80 => Some(
            "Jobs 1, 3 and 4 were done after 20 ms, and then two slots stayed empty \
             until job 2 was done. `buffered` does this: an output that is ready \
             early keeps its slot until its turn comes.",
        ),
        90 => Some(
            "The jobs run in batches, and a batch is as slow as its slowest job: \
             jobs 1 and 3 were done after 10 ms, and then two slots stayed empty \
             for 50 ms.",
        ),
        _ => None,
    };
    check::explain(judged, why)
}

async fn short() -> Result<()> {
    for times in [&[30, 10, 20][..], &[10], &[]] {
        let seen = gather(5, &jobs(times)).await?;
        seen.in_order()?;
        let (count, longest) = (times.len() as u32, times.iter().max());
        let what = format!("{count} jobs, 5 at a time,");
        let together = *longest.unwrap_or(&0) * MS;
        let in_turn = times.iter().sum::<u32>() * MS;
        seen.run.paced(&Pace::mixed(&what, in_turn, together))?;
    }
    Ok(())
}

async fn any_order(schedule: &Schedule) -> Result<()> {
    let mut jobs: Jobs = (1..=1 + schedule.number(12))
        .map(|number| (number, schedule.delay()))
        .collect();
    schedule.shuffle(&mut jobs);
    let limit = 1 + schedule.number(5);
    let seen = gather(limit, &jobs).await?;
    seen.in_order()?;
    seen.peak(limit)?;
    seen.begun_in_order()?;

    let in_turn = jobs.iter().map(|&(_, time)| time).sum();
    // The time at which each slot becomes free. The next job takes the earliest one.
    let mut slots = vec![Duration::ZERO; limit];
    for (_, time) in &jobs {
        *slots.iter_mut().min().expect("a limit is at least 1") += *time;
    }
    let together = slots.into_iter().max().unwrap_or_default();
    let what = format!("{} jobs, {limit} at a time,", jobs.len());
    seen.run.paced(&Pace::mixed(&what, in_turn, together))
}

async fn dropped() -> Result<()> {
    let scenario = check::cancelled_at_every_await(async |cancel| {
        let probe = Probe::default();
        let futures = (1..=6).map(|number| probe.work(number, 10 * MS)).collect();
        cancel.run(gather_limited(2, futures)).await;
        // Aborted tasks need one turn of the runtime to go away.
        sleep(MS).await;
        let (running, begun) = (probe.running(), probe.begun().len());
        sleep(100 * MS).await;
        let more = probe.begun().len() - begun;
        let words =
            format!("{running} jobs kept running, and {more} more started later.");
        check::that(running + more == 0, words)
    });
    let why = "The runtime owns a spawned task, so the task keeps running when its \
               handle is dropped. Futures that are not spawned are dropped with \
               their owner, and so are the tasks of a `JoinSet`.";
    check::explain(scenario.await, Some(why))
}
