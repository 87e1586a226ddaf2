//! What the comparison runs on, and how quiet it is there.

use crate::child;
use crate::measure::since;
use crate::result::Machine;
use std::collections::BTreeMap;
use std::fs;
use std::hint::black_box;
use std::process::Command;
use std::time::{Duration, Instant};

/// What the system tells of itself. No name of it is asked for.
pub fn describe() -> Machine {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let processor = field(&read("/proc/cpuinfo"), "model name")
        .unwrap_or_else(|| said("sysctl", &["-n", "machdep.cpu.brand_string"]));
    let kib = field(&read("/proc/meminfo"), "MemTotal")
        .and_then(|total| total.split(' ').next()?.parse().ok());
    let bytes = || said("sysctl", &["-n", "hw.memsize"]).parse::<f64>().ok();
    let kib: f64 = kib.or_else(|| Some(bytes()? / 1024.0)).unwrap_or(0.0);
    Machine {
        processor,
        cores: std::thread::available_parallelism().map_or(0, usize::from),
        memory_gib: (kib / 1024.0 / 1024.0 * 10.0).round() / 10.0,
        system: said("uname", &["-srm"]),
    }
}

/// How many programs ran, or wanted to, in the last minute.
pub fn load() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}

/// The day, in UTC.
pub fn date() -> String {
    said("date", &["-u", "+%Y-%m-%d"])
}

/// Times a piece of arithmetic that always takes the same on a quiet machine.
pub fn yardstick() -> f64 {
    let start = Instant::now();
    let mut number: u64 = 1;
    for _ in 0..2_000_000 {
        number = black_box(
            number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1),
        );
    }
    since(start)
}

/// The versions of what Rust's side is made of.
pub fn versions() -> BTreeMap<String, String> {
    let lock = include_str!("../../Cargo.lock");
    let crates = [
        "axum",
        "deadpool-postgres",
        "reqwest",
        "serde_json",
        "tokio",
        "tokio-postgres",
    ];
    let mut versions: BTreeMap<String, String> = crates
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), locked(lock, name)?)))
        .collect();
    let rustc = said("rustc", &["--version"]);
    let number = rustc.split(' ').nth(1).unwrap_or("unknown");
    versions.insert("Rust".to_owned(), number.to_owned());
    versions
}

/// The version of a crate in a `Cargo.lock`.
fn locked(lock: &str, name: &str) -> Option<String> {
    let (_, after) = lock.split_once(&format!("name = \"{name}\"\nversion = \""))?;
    Some(after.split('"').next()?.to_owned())
}

/// The value of a line such as `name : value`.
fn field(text: &str, name: &str) -> Option<String> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// What a command prints, in one line; nothing if there is no such command.
fn said(program: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(program);
    let text = child::output(command.args(arguments), Duration::from_secs(5));
    text.unwrap_or_default().trim().to_owned()
}
