//! 02 - Lazy: why did my two awaits take 200 ms?
//!
//! The same two waits of 100 ms in three ways, and what an await does when there is
//! nothing to wait for.
//!
//! Run it with `cargo run --example 02_lazy`.

use anyhow::Result;
use async_workbook::timeline;
use std::time::Duration;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};
use tracing::{Instrument, info_span, instrument};

/// Stands for a request that takes 100 ms. The span that `#[instrument]` makes is
/// for the picture at the end, and so are `.instrument` and `.in_current_span`
/// below.
#[instrument]
async fn request(name: &str) {
    sleep(Duration::from_millis(100)).await;
}

// ANCHOR: in_turn
/// Two futures are made, but a future does nothing until it is awaited: `b` begins
/// when `a` is over.
async fn in_turn() {
    // ANCHOR: in_turn_body
    let a = request("a");
    let b = request("b");
    a.await;
    b.await;
    // ANCHOR_END: in_turn_body
}
// ANCHOR_END: in_turn

// ANCHOR: spawned
/// A spawned future is a task: the runtime runs it from
/// now on, awaited or not.
async fn spawned() -> Result<()> {
    let a = tokio::spawn(request("a").in_current_span());
    let b = tokio::spawn(request("b").in_current_span());
    // An error here would mean that the task panicked.
    a.await?;
    b.await?;
    Ok(())
}
// ANCHOR_END: spawned

// ANCHOR: joined
/// One await for both: `join!` polls each in turn, inside
/// this task.
async fn joined() {
    // ANCHOR: joined_body
    let a = request("a");
    let b = request("b");
    tokio::join!(a, b);
    // ANCHOR_END: joined_body
}
// ANCHOR_END: joined

// ANCHOR: ready
/// An async fn that never has to wait.
async fn ready(name: &str) {
    print!(" {name}");
}

/// Three awaits, and no chance for anybody else.
async fn three_ready(name: &str) {
    for _ in 0..3 {
        ready(name).await;
    }
}

/// Three awaits that let others run in between.
async fn three_polite(name: &str) {
    for _ in 0..3 {
        ready(name).await;
        yield_now().await;
    }
}
// ANCHOR_END: ready

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let timeline = timeline::start().await;

    println!("two requests of 100 ms");
    let start = Instant::now();
    in_turn().instrument(info_span!("awaited in turn")).await;
    println!("  awaited in turn: {} ms", start.elapsed().as_millis());

    let start = Instant::now();
    spawned().instrument(info_span!("spawned")).await?;
    println!("  spawned:         {} ms", start.elapsed().as_millis());

    let start = Instant::now();
    joined().instrument(info_span!("joined")).await;
    println!("  joined:          {} ms", start.elapsed().as_millis());

    // ANCHOR: order
    println!("\nwho runs when nobody waits");
    print!("  await of ready work: ");
    tokio::join!(three_ready("a"), three_ready("b"));
    print!("\n  with yield_now:      ");
    tokio::join!(biased; three_polite("a"), three_polite("b"));
    println!("\n");
    // ANCHOR_END: order

    timeline.print();
    Ok(())
}
