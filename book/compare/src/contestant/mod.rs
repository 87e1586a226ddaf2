//! The contestants in Rust. Each runs one benchmark, measures itself, and prints
//! [`Sample`](crate::sample::Sample)s. Their twins in Python are in `../../python`.

pub mod bare;
pub mod decode;
pub mod heartbeat;
pub mod pages;
pub mod queries;
pub mod start;
pub mod tasks;

use std::future::Future;

use anyhow::{Context, Result};

/// Runs a future on one thread, as `#[tokio::main(flavor = "current_thread")]` does.
fn on_one_thread<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(work)
}

/// Runs a future on one thread per core, as `#[tokio::main]` does.
fn on_all_threads<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

/// The number of pages fetched at once, and the repetitions with and without a
/// delay.
struct Case {
    n: usize,
    times: [usize; 2],
}

impl Case {
    /// Parses cases such as `10:5:50,100:5:50`.
    fn parse_all(text: &str) -> Result<Vec<Case>> {
        let case = |text: &str| {
            let mut numbers = text.split(':').map(str::parse);
            let mut next = || numbers.next()?.ok();
            Some(Case { n: next()?, times: [next()?, next()?] })
        };
        text.split(',')
            .map(|text| case(text).context("not a list of N:TIMES:TIMES"))
            .collect()
    }
}
