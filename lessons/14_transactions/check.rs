//! The check of exercise 14.

use std::time::Duration;

use anyhow::Result;
use async_workbook::check::{self, Pace, Probe};

use super::both;

const MS: Duration = Duration::from_millis(1);

#[test]
fn check() -> check::Verdict {
    let mut exercise = check::Exercise::new();
    exercise.check("the outputs are in the order of the arguments", in_order);
    exercise.check("both run at the same time", together);
    exercise.verdict()
}

async fn in_order() -> Result<()> {
    let probe = Probe::default();
    let (a, b) = both(probe.work(1, 200 * MS), probe.work(2, 100 * MS)).await;
    check::in_order(&[a, b], &[1, 2])
}

async fn together() -> Result<()> {
    let probe = Probe::default();
    let jobs = both(probe.work(1, 100 * MS), probe.work(2, 100 * MS));
    let run = check::run("two jobs", jobs).await;
    run.paced(&Pace::of(2, "jobs", 100 * MS))
}
