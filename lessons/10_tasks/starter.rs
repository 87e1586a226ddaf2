//! 10 - exercise: a task group.
//!
//! Check it with `cargo workbook check 10`; run it with
//! `cargo workbook run 10 --exercise`.

use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::task::spawn;
use tokio::time::{Instant, sleep};

const MS: Duration = Duration::from_millis(1);

/// Runs all jobs at the same time in the current runtime, and returns their outputs
/// in the order of the list.
///
/// If a job fails or panics, all others are stopped at once. When they have stopped,
/// however long that takes, this returns the error of the job that failed earliest,
/// wherever it is in the list: the error itself, with or without added context.
/// Until they have stopped it only waits for them, without a loop of `yield_now`. It
/// never uses a timer. For a panic, it is an error that reports the panic's message,
/// which is a `&'static str` or a `String`. Of failures at the same instant, it may
/// be any.
///
/// Dropping this future stops all jobs at any time, also while it stops them. It is
/// `Send`, so that a group can be a job of another group.
async fn task_group<T, F>(jobs: Vec<F>) -> Result<Vec<T>>
where
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    let handles: Vec<_> = jobs.into_iter().map(spawn).collect();
    let mut outputs = Vec::new();
    for handle in handles {
        outputs.push(handle.await??);
    }
    Ok(outputs)
}

/// Works for some milliseconds. Job 2 fails.
async fn job(number: u32, millis: u32) -> Result<u32> {
    sleep(millis * MS).await;
    ensure!(number != 2, "job 2 has failed");
    println!("job {number} is done");
    Ok(number)
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let start = Instant::now();
    let jobs = vec![job(1, 150), job(2, 100), job(3, 400)];
    let result = task_group(jobs).await;
    println!("after {} ms: {result:?}", start.elapsed().as_millis());

    // A job that still runs reports its end during this second.
    sleep(1000 * MS).await;
}

#[cfg(test)]
mod check;
