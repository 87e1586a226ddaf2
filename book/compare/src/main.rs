//! Compares Rust and Python on the same benchmarks, on this machine.
//!
//! `cargo workbook compare` runs this program. Without one of the internal commands
//! below it is the driver: for each benchmark it starts the contestants one after
//! another and collects what they print.
//!
//! ```text
//!              +-- starts --> server       HTTP server for the `pages` benchmark
//!  driver  ----+-- starts --> contestant   Rust: this executable again
//!              +-- starts --> python3      Python: a script in ../python
//!                                 |
//!  driver  <-- JSON lines on stdout
//! ```
//!
//! The numbers are comparable because:
//!
//! - Each contestant is a process of its own, so that neither allocators nor
//!   connection pools nor warm caches leak from one to the next. The server is a
//!   process too: its CPU time is measured separately.
//! - A contestant warms up first (it opens its connections and runs the work once),
//!   then times itself. Starting the process counts only in the `start` benchmark.
//! - Contestants take turns: three rounds of all of them rather than three runs of
//!   one, so that a noisy minute on the machine does not hit a single contestant. A
//!   result is the median of the rounds, shown with the fastest and the slowest.
//! - Before each turn the driver times a fixed piece of arithmetic. If that varies,
//!   the machine was busy, and the chapter shows by how much.
//! - If there is a theoretical limit, it is measured as well, so that the distance
//!   between two languages can be compared with their distance from the limit.

mod benchmarks;
mod contestant;
mod driver;
mod machine;
mod report;
mod sample;
mod server;
mod subprocess;

use std::process::ExitCode;

use anyhow::{Context, Result};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        // The limit of the `start` benchmark: a process that does nothing.
        ["nothing"] => Ok(()),
        ["server"] => server::main(),
        ["contestant", name, ref rest @ ..] => run_contestant(name, rest),
        _ => driver::main(),
    };
    if let Err(error) = done {
        eprintln!("error: {error:#}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn run_contestant(name: &str, arguments: &[&str]) -> Result<()> {
    let count = |text: &str| text.parse().context("not a number");
    match (name, arguments) {
        ("pages", [threads, base, cases]) => {
            contestant::pages::main(threads, base, cases)
        }
        ("bare", [base, cases]) => contestant::bare::main(base, cases),
        ("queries", [keep, sizes, queries, times]) => {
            let (queries, times) = (count(queries)?, count(times)?);
            contestant::queries::main(sizes, queries, times, *keep == "reset")
        }
        ("decode", [file, times]) => contestant::decode::main(file, count(times)?),
        ("validate", [file, times]) => {
            contestant::decode::validate(file, count(times)?)
        }
        ("tasks", [tasks]) => contestant::tasks::main(count(tasks)?),
        ("heartbeat", [case]) => contestant::heartbeat::main(case),
        ("start", []) => contestant::start::main(),
        _ => anyhow::bail!("no contestant `{name}` with arguments {arguments:?}"),
    }
}
