//! Rust and Python on the same work: measures both, in turn, on this machine.
//!
//! `cargo workbook compare` runs it, and so does `cargo bench --bench compare`. The
//! program that starts is the driver. It starts the contestants, each a process of
//! its own: those in Rust are this same executable, those in Python stand beside this
//! file. A contestant warms up, measures itself, and prints what it found.

mod child;
mod contestant;
mod driver;
mod machine;
mod measure;
mod python;
mod report;
mod result;
mod server;
mod works;

use anyhow::{Context, Result};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["nothing"] => Ok(ExitCode::SUCCESS),
        ["server"] => server::main().map(|()| ExitCode::SUCCESS),
        ["contestant", name, ref rest @ ..] => {
            run(name, rest).map(|()| ExitCode::SUCCESS)
        }
        _ => driver::main(&words),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

/// One of the programs in Rust.
fn run(name: &str, arguments: &[&str]) -> Result<()> {
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
        ("look", [file, times]) => contestant::decode::limit(file, count(times)?),
        ("tasks", [tasks]) => contestant::tasks::main(count(tasks)?),
        ("heartbeat", [case]) => contestant::heartbeat::main(case),
        ("start", []) => contestant::start::main(),
        _ => anyhow::bail!("no contestant `{name}` with {arguments:?}"),
    }
}
