//! A task that wakes up every 10 ms, and a call that blocks its thread for 200 ms.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::runtime::Builder;
use tokio::time::sleep;

use crate::sample::{Sample, millis_since};

const BLOCKED: Duration = Duration::from_millis(200);

/// Measures the longest pause between two beats while a call blocks: the only thread
/// of the runtime (`one`), one of its two (`threads`), or a thread of the blocking
/// pool (`away`).
pub fn main(case: &str) -> Result<()> {
    let runtime = match case {
        "threads" => {
            Builder::new_multi_thread().worker_threads(2).enable_all().build()
        }
        _ => Builder::new_current_thread().enable_all().build(),
    }?;
    let away = case == "away";
    let longest = runtime.block_on(async move {
        let heart = tokio::spawn(beat());
        tokio::spawn(async move {
            sleep(Duration::from_millis(100)).await;
            if away {
                tokio::task::spawn_blocking(|| thread::sleep(BLOCKED)).await
            } else {
                thread::sleep(BLOCKED);
                Ok(())
            }
        })
        .await??;
        anyhow::Ok(heart.await?)
    })?;
    Sample {
        benchmark: "heartbeat".to_owned(),
        case: case.to_owned(),
        values: vec![longest],
        ..Sample::default()
    }
    .print()
}

/// Beats for half a second. Returns the longest pause in milliseconds.
async fn beat() -> f64 {
    let start = Instant::now();
    let mut longest: f64 = 0.0;
    let mut last = start;
    while start.elapsed() < Duration::from_millis(500) {
        sleep(Duration::from_millis(10)).await;
        longest = longest.max(millis_since(last));
        last = Instant::now();
    }
    longest
}
