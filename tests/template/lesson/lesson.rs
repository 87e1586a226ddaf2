//! NN - TITLE: QUESTION
//!
//! TODO: in two lines, what it shows.
//!
//! Run it with `cargo run --example NN_name`.

use std::time::Duration;

use anyhow::Result;
use async_workbook::timeline;
use tokio::time::{Instant, sleep};
use tracing::{Instrument, info_span, instrument};

/// TODO: what it stands for. The span that `#[instrument]` makes is drawn as a bar.
#[instrument]
async fn work(name: &str) {
    sleep(Duration::from_millis(100)).await;
}

// ANCHOR: wrong
/// TODO: the slow or wrong way.
async fn wrong() {
    work("a").await;
    work("b").await;
}
// ANCHOR_END: wrong

// ANCHOR: right
/// TODO: the good way.
async fn right() {
    tokio::join!(biased; work("a"), work("b"));
}
// ANCHOR_END: right

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let timeline = timeline::start().await;

    println!("two waits of 100 ms");
    let start = Instant::now();
    wrong().instrument(info_span!("wrong")).await;
    println!("  wrong: {} ms", start.elapsed().as_millis());

    let start = Instant::now();
    right().instrument(info_span!("right")).await;
    println!("  right: {} ms\n", start.elapsed().as_millis());

    timeline.print();
    Ok(())
}
