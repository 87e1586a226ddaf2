//! The memory of a task that waits.

use std::cell::Cell;
use std::time::Duration;

use anyhow::Result;
use tokio::task::yield_now;

use super::on_one_thread;
use crate::sample::{Sample, memory, minus};

thread_local! {
    static WAITING: Cell<usize> = const { Cell::new(0) };
}

/// Spawns tasks that sleep for a minute, and measures by how much the memory of the
/// process has grown once all of them sleep.
pub fn main(tasks: usize) -> Result<()> {
    on_one_thread(async {
        let before = memory("VmRSS");
        for _ in 0..tasks {
            tokio::spawn(async {
                WAITING.set(WAITING.get() + 1);
                tokio::time::sleep(Duration::from_secs(60)).await;
            });
        }
        while WAITING.get() < tasks {
            yield_now().await;
        }
        let bytes = minus(memory("VmRSS"), before)
            .map(|mib| mib * 1024.0 * 1024.0 / tasks as f64);
        Sample {
            benchmark: "tasks".to_owned(),
            values: bytes.into_iter().collect(),
            peak: memory("VmHWM"),
            ..Sample::default()
        }
        .print()?;
        // Exit without waiting for the tasks.
        std::process::exit(0)
    })
}
