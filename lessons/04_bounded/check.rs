//! What decides exercise 04.

use super::gather_limited;
use anyhow::Result;
use async_workbook::check::{self, Pace, Probe, Run, Schedule};
use std::time::Duration;
use tokio::time::{sleep, timeout};

const MS: Duration = Duration::from_millis(1);

#[test]
fn check() -> check::Verdict {
    let mut exercise = check::Exercise::new();
    exercise.check("the outputs stand in the order of the list", in_order);
    exercise.check("as many are in flight as may be, and never more", bounded);
    exercise.check("a slow one holds up nobody", slow);
    exercise.check("a short list is nothing special, nor an empty one", short);
    exercise.check_schedules("all of that holds, whoever is done first", any_order);
    exercise.check("when it is dropped, all of its work stops", dropped);
    exercise.verdict()
}

/// The number and the time of each job of a list.
type Jobs = Vec<(usize, Duration)>;

/// Jobs 1, 2, 3 and so on, of so many milliseconds.
fn jobs(times: &[u32]) -> Jobs {
    (1..).zip(times).map(|(number, &time)| (number, time * MS)).collect()
}

/// One call, and what was seen of it.
struct Seen {
    outputs: Vec<usize>,
    expected: Vec<usize>,
    probe: Probe,
    run: Run<()>,
}

async fn gather(limit: usize, jobs: &Jobs) -> Result<Seen> {
    let what = format!("{} jobs, {limit} at a time", jobs.len());
    let probe = Probe::default();
    let futures = jobs.iter().map(|&(number, time)| probe.work(number, time));
    let all = gather_limited(limit, futures.collect());

    let mut outputs = None;
    let run = check::run(&what, async {
        // Far longer than any list here takes one after another.
        outputs = timeout(60_000 * MS, all).await.ok();
    });
    let run = run.await;
    let Some(outputs) = outputs else {
        let (begun, done) = (probe.begun().len(), probe.finished().len());
        let why = if jobs.is_empty() {
            "Of nothing there is nothing to wait for."
        } else if begun == 0 {
            "Something is waited for before any of them is polled: a permit for each, \
             say, or one lock twice. A future that nobody polls gives no permit back, so \
             let each wait for its own."
        } else {
            "What is waited for never comes. Does each job that is done make room for \
             the next?"
        };
        let stuck = format!(
            "{what}: a deadlock. {begun} have begun, {done} are done.\n{why}"
        );
        return Err(check::Diagnosis::new(stuck).into());
    };
    let expected = jobs.iter().map(|&(number, _)| number).collect();
    Ok(Seen { outputs, expected, probe, run })
}

impl Seen {
    fn in_order(&self) -> Result<()> {
        let Self { outputs, expected, .. } = self;
        let why = (outputs.len() == expected.len()).then_some(
            "The first that is done stands first. Take the place in the list along with each \
             output.",
        );
        let judged = check::in_order(outputs, expected);
        self.run.pictured(check::explain(judged, why))
    }

    /// Whether they began in the order of the list.
    fn begun_in_order(&self) -> Result<()> {
        let Self { probe, expected, .. } = self;
        let begun = probe.begun();
        let words =
            format!("they began as {begun:?}, and the list is {expected:?}.");
        let backwards = begun.iter().rev().eq(expected);
        let why = backwards.then_some("`Vec::pop` takes from the end of the list.");
        let judged = check::that(begun == *expected, words);
        self.run.pictured(check::explain(judged, why))
    }

    fn peak(&self, limit: usize) -> Result<()> {
        let (seen, all) = (self.probe.peak(), self.expected.len());
        let most = limit.min(all);
        let why = if seen == limit + 1 {
            Some(
                "There is a limit, but it lets one too many in: the next one begins, and \
                 only then is somebody waited for.",
            )
        } else if seen == all {
            Some(
                "All at once: nobody counts, or a permit is given back before its job \
                 runs. `let _ = ...` drops it in the same line; a variable, at the end of \
                 its block.",
            )
        } else if seen == 1 {
            Some("Each is awaited before the next one is so much as polled.")
        } else if seen + 1 == most {
            Some("One place is never used.")
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
            "Jobs 1, 3 and 4 were done after 20 ms, and then two places stood empty until \
             job 2 was done. So it is with `buffered`: an output that is there too early \
             keeps its place until it is its turn.",
        ),
        90 => Some(
            "They run in batches, and a batch is as slow as its slowest: jobs 1 and 3 \
             were done after 10 ms, and then two places stood empty for 50.",
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
    // When each place is free again. The next job takes the one that is free first.
    let mut places = vec![Duration::ZERO; limit];
    for (_, time) in &jobs {
        *places.iter_mut().min().expect("a limit is at least 1") += *time;
    }
    let together = places.into_iter().max().unwrap_or_default();
    let what = format!("{} jobs, {limit} at a time,", jobs.len());
    seen.run.paced(&Pace::mixed(&what, in_turn, together))
}

async fn dropped() -> Result<()> {
    let scenario = check::cancelled_at_every_await(async |cancel| {
        let probe = Probe::default();
        let futures = (1..=6).map(|number| probe.work(number, 10 * MS)).collect();
        cancel.run(gather_limited(2, futures)).await;
        // Aborted tasks are gone when the runtime had a moment.
        sleep(MS).await;
        let (running, begun) = (probe.running(), probe.begun().len());
        sleep(100 * MS).await;
        let more = probe.begun().len() - begun;
        let words = format!("{running} jobs went on, and {more} more began later.");
        check::that(running + more == 0, words)
    });
    let why = "A task belongs to the runtime: it goes on when its handle is dropped. Futures \
               that were never spawned go with their owner; so do the tasks of a `JoinSet`.";
    check::explain(scenario.await, Some(why))
}
