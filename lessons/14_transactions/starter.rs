//! 14 - exercise: TODO.
//!
//! Check it with `cargo workbook check 14`; run it with
//! `cargo workbook run 14 --exercise`.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// TODO: document everything that the check requires.
async fn both<F: Future>(a: F, b: F) -> (F::Output, F::Output) {
    let _ = (a, b);
    todo!("run both at the same time")
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let nap = async || sleep(Duration::from_millis(100)).await;
    let start = Instant::now();
    both(nap(), nap()).await;
    println!("{} ms", start.elapsed().as_millis());
}

#[cfg(test)]
mod check;
