//! The output of a contestant: the values it measured, its CPU time and its memory.

use std::fs;
use std::time::Instant;

use anyhow::Result;
use serde::{Deserialize, Serialize};

/// The results of one case in one round. A contestant prints each as a line of JSON.
#[derive(Debug, Default, Deserialize, Serialize)]
pub struct Sample {
    pub benchmark: String,
    pub case: String,
    /// One value per repetition, in the unit of the benchmark.
    pub values: Vec<f64>,
    /// Mean CPU time of a repetition in ms: the contestant's, and the server's.
    pub cpu: Option<f64>,
    pub server: Option<f64>,
    /// Peak resident memory so far, in MiB.
    pub peak: Option<f64>,
}

impl Sample {
    /// Prints the sample for the driver to read.
    pub fn print(&self) -> Result<()> {
        println!("{}", serde_json::to_string(self)?);
        Ok(())
    }
}

/// Milliseconds since `start`.
pub fn millis_since(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1000.0
}

/// CPU time of all threads of this process in milliseconds, on Linux. `schedstat`
/// counts in nanoseconds, where `/proc/self/stat` has ticks of 10 ms.
pub fn cpu() -> Option<f64> {
    let mut nanos = 0;
    for thread in fs::read_dir("/proc/self/task").ok()? {
        let line = fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        nanos += line.split(' ').next()?.parse::<u64>().ok()?;
    }
    Some(nanos as f64 / 1e6)
}

/// A field of `/proc/self/status` in MiB: `VmHWM` is the peak of resident memory,
/// `VmRSS` the current value.
pub fn memory(field: &str) -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024.0)
}

/// The difference, if both values are known.
pub fn minus(after: Option<f64>, before: Option<f64>) -> Option<f64> {
    Some(after? - before?)
}
