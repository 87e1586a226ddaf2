//! What a contestant tells of itself: what it measured, its processor time, its
//! memory.

use anyhow::Result;
use serde::{Deserialize, Serialize};
use std::fs;
use std::time::Instant;

/// What a contestant prints, a line for each.
#[derive(Debug, Default, Deserialize, Serialize)]
pub struct Measured {
    pub work: String,
    pub case: String,
    /// One for each repetition, in the unit of the work.
    pub values: Vec<f64>,
    /// Processor time of one repetition on average, its own and the server's, in ms.
    pub cpu: Option<f64>,
    pub server: Option<f64>,
    /// The most memory it has held until then, in MiB.
    pub peak: Option<f64>,
}

impl Measured {
    /// Prints it, for the driver.
    pub fn tell(&self) -> Result<()> {
        println!("{}", serde_json::to_string(self)?);
        Ok(())
    }
}

/// Milliseconds since then.
pub fn since(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1000.0
}

/// The processor time of all threads of this process in milliseconds, where the
/// system tells it in nanoseconds.
pub fn cpu() -> Option<f64> {
    let mut nanos = 0;
    for thread in fs::read_dir("/proc/self/task").ok()? {
        let line = fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        nanos += line.split(' ').next()?.parse::<u64>().ok()?;
    }
    Some(nanos as f64 / 1e6)
}

/// `VmHWM`, the most memory this process has held, or `VmRSS`, what it holds now, in
/// MiB, where the system tells.
pub fn memory(which: &str) -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(which))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024.0)
}

/// The difference, if both are known.
pub fn minus(after: Option<f64>, before: Option<f64>) -> Option<f64> {
    Some(after? - before?)
}
