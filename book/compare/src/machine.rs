//! Facts about the machine: its hardware, the versions of what is compared, and how
//! busy it is.

use std::collections::BTreeMap;
use std::fs;
use std::hint::black_box;
use std::process::Command;
use std::time::{Duration, Instant};

use compare::result::Machine;

use crate::sample::millis_since;
use crate::subprocess;

/// Describes the hardware and the system, without the host name: the result is
/// published.
pub fn describe() -> Machine {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let processor = field(&read("/proc/cpuinfo"), "model name")
        .unwrap_or_else(|| run("sysctl", &["-n", "machdep.cpu.brand_string"]));
    let kib = field(&read("/proc/meminfo"), "MemTotal")
        .and_then(|total| total.split(' ').next()?.parse().ok());
    let bytes = || run("sysctl", &["-n", "hw.memsize"]).parse::<f64>().ok();
    let kib: f64 = kib.or_else(|| Some(bytes()? / 1024.0)).unwrap_or(0.0);
    Machine {
        processor,
        cores: std::thread::available_parallelism().map_or(0, usize::from),
        memory_gib: (kib / 1024.0 / 1024.0 * 10.0).round() / 10.0,
        system: run("uname", &["-srm"]),
    }
}

/// The load average of the last minute, on Linux.
pub fn load() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}

/// The date in UTC.
pub fn date() -> String {
    run("date", &["-u", "+%Y-%m-%d"])
}

/// Times a fixed piece of arithmetic, in milliseconds. On a quiet machine it hardly
/// varies.
pub fn yardstick() -> f64 {
    let start = Instant::now();
    let mut number: u64 = 1;
    for _ in 0..2_000_000 {
        number = black_box(
            number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1),
        );
    }
    millis_since(start)
}

/// The versions of rustc and of the crates that the Rust contestants use.
pub fn versions() -> BTreeMap<String, String> {
    let lock = include_str!("../../../Cargo.lock");
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
    let rustc = run("rustc", &["--version"]);
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

/// The trimmed stdout of a command; empty if it cannot be run.
fn run(program: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(program);
    let text = subprocess::output(command.args(arguments), Duration::from_secs(5));
    text.unwrap_or_default().trim().to_owned()
}
