//! The programs in Rust: each does one work, measures itself, and tells.

pub mod bare;
pub mod decode;
pub mod heartbeat;
pub mod pages;
pub mod queries;
pub mod start;
pub mod tasks;

use anyhow::{Context, Result};
use std::future::Future;

/// Runs on one thread: what `#[tokio::main(flavor = "current_thread")]` does.
fn on_one_thread<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(work)
}

/// Runs on as many threads as there are cores: what `#[tokio::main]` does.
fn on_all_threads<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

/// N pages at once, and how often: with a delay, and without.
struct Case {
    n: usize,
    times: [usize; 2],
}

impl Case {
    /// Reads cases such as `10:5:50,100:5:50`.
    fn all(text: &str) -> Result<Vec<Case>> {
        let case = |text: &str| {
            let mut numbers = text.split(':').map(str::parse);
            let mut next = || numbers.next()?.ok();
            Some(Case { n: next()?, times: [next()?, next()?] })
        };
        text.split(',').map(|one| case(one).context("no cases of pages")).collect()
    }
}
