//! A heart that beats every 10 ms, and a call that blocks its thread for 200 ms.

use crate::measure::{Measured, since};
use anyhow::Result;
use std::thread;
use std::time::{Duration, Instant};
use tokio::runtime::Builder;
use tokio::time::sleep;

const BLOCKS: Duration = Duration::from_millis(200);

/// The longest time between two beats when a task blocks: one of the runtime's only
/// thread, one of the two that a runtime has, or a thread that is there for that.
pub fn main(case: &str) -> Result<()> {
    let runtime = match case {
        "threads" => {
            Builder::new_multi_thread().worker_threads(2).enable_all().build()
        }
        _ => Builder::new_current_thread().enable_all().build(),
    }?;
    let away = case == "away";
    let longest = runtime.block_on(async move {
        let heart = tokio::spawn(heart());
        tokio::spawn(async move {
            sleep(Duration::from_millis(100)).await;
            if away {
                tokio::task::spawn_blocking(|| thread::sleep(BLOCKS)).await
            } else {
                thread::sleep(BLOCKS);
                Ok(())
            }
        })
        .await??;
        anyhow::Ok(heart.await?)
    })?;
    Measured {
        work: "heartbeat".to_owned(),
        case: case.to_owned(),
        values: vec![longest],
        ..Measured::default()
    }
    .tell()
}

/// Beats for half a second; returns the longest gap in milliseconds.
async fn heart() -> f64 {
    let begun = Instant::now();
    let mut longest: f64 = 0.0;
    let mut last = begun;
    while begun.elapsed() < Duration::from_millis(500) {
        sleep(Duration::from_millis(10)).await;
        longest = longest.max(since(last));
        last = Instant::now();
    }
    longest
}
