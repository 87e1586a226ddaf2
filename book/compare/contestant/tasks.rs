//! Tasks that wait: what one of them takes.

use super::on_one_thread;
use crate::measure::{Measured, memory, minus};
use anyhow::Result;
use std::cell::Cell;
use std::time::Duration;
use tokio::task::yield_now;

thread_local! {
    static WAITING: Cell<usize> = const { Cell::new(0) };
}

/// Starts `tasks` that wait for a minute, and tells how much more memory the process
/// holds when all of them do.
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
        Measured {
            work: "tasks".to_owned(),
            values: bytes.into_iter().collect(),
            peak: memory("VmHWM"),
            ..Measured::default()
        }
        .tell()?;
        // Nobody is to wait for them.
        std::process::exit(0)
    })
}
