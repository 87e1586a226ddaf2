//! 02 - Lazy: why did my two awaits take 200 ms?
//!
//! Runs the same two waits of 100 ms in three ways, and shows what an await does
//! when there is nothing to wait for.
//!
//! Run it with `cargo run --example 02_lazy`.

use std::time::Duration;

use anyhow::Result;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};
use tracing::{Instrument, info_span, instrument};

use async_workbook::timeline;

/// Stands in for a request that takes 100 ms. `#[instrument(ret)]` records a span
/// for the timeline, as do `.instrument` and `.in_current_span` below.
#[instrument(ret)]
async fn request(name: &str) {
    sleep(Duration::from_millis(100)).await;
}

// ANCHOR: in_turn
/// Creates two futures, but a future does nothing until it is awaited: `b` starts
/// when `a` is done.
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
/// A spawned future is a task: the runtime runs it,
/// whether or not you await it.
async fn spawned() -> Result<()> {
    let a = tokio::spawn(request("a").in_current_span());
    let b = tokio::spawn(request("b").in_current_span());
    // `Err` means that the task panicked or was aborted.
    a.await?;
    b.await?;
    Ok(())
}
// ANCHOR_END: spawned

// ANCHOR: joined
/// One await for both: `join!` polls each of them inside
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
/// An async fn that never waits.
async fn ready(name: &str) {
    print!(" {name}");
}

/// Awaits three times without ever yielding.
async fn three_ready(name: &str) {
    for _ in 0..3 {
        ready(name).await;
    }
}

/// Awaits three times and yields after each.
async fn three_yielding(name: &str) {
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
    println!("\norder when nothing has to wait");
    print!("  awaiting ready work: ");
    tokio::join!(three_ready("a"), three_ready("b"));
    print!("\n  with yield_now:      ");
    tokio::join!(biased; three_yielding("a"), three_yielding("b"));
    println!("\n");
    // ANCHOR_END: order

    timeline.print();
    Ok(())
}
