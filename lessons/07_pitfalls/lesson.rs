//! 07 - Pitfalls: what do the best-practice lists mean in numbers?
//!
//! Measures six common mistakes, each before and after the fix.
//!
//! Run it with `cargo run --example 07_pitfalls`, or make the blocking call of row 2
//! longer: `cargo run --example 07_pitfalls -- --block 600`.

use std::panic;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow};
use futures::future::{self, join_all};
use reqwest::Client;
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tokio::task::{JoinError, spawn, spawn_blocking, yield_now};
use tokio::time::{Instant, sleep, timeout};
use tracing::{Instrument, info_span, instrument};

use async_workbook::{args, timeline, web};

#[instrument(ret)]
async fn request(n: u64) -> u64 {
    sleep(Duration::from_millis(100)).await;
    n
}

// ANCHOR: loop
// ANCHOR: in_a_loop
async fn await_in_a_loop() {
    for n in 1..=5 {
        request(n).await;
    }
}
// ANCHOR_END: in_a_loop

async fn await_together() {
    join_all((1..=5).map(request)).await;
}
// ANCHOR_END: loop

// ANCHOR: blocking
/// Stands in for hashing, compressing or a synchronous driver: it blocks the thread.
fn blocking_call(millis: u64) {
    std::thread::sleep(Duration::from_millis(millis));
}

/// Counts how many of five health checks get a response before `work` is done. After
/// the fifth, `heart` waits forever, so that only `work` can end the `select!`.
async fn heartbeat(work: impl Future, client: &Client, health: &str) -> Result<u32> {
    let mut beats = 0;
    let heart = async {
        for n in 1..=5 {
            let check = client.get(health).send();
            check.instrument(info_span!("health check", n)).await?;
            beats += 1;
        }
        future::pending::<reqwest::Result<()>>().await
    };
    tokio::select! {
        biased;
        _ = work.instrument(info_span!("work")) => {}
        stopped = heart => stopped?,
    }
    Ok(beats)
}
// ANCHOR_END: blocking

// ANCHOR: mixed
async fn lookup() -> u32 {
    yield_now().await;
    42
}

// ANCHOR: inside
/// Sync code that needs an async result.
fn sync_code(runtime: &Handle) -> u32 {
    runtime.block_on(lookup())
}

/// Calls it from a task. The thread would have to wait here and run `lookup` at the
/// same time, which is impossible, so tokio panics.
async fn block_on_inside(runtime: Handle) -> Result<u32, JoinError> {
    spawn(async move { sync_code(&runtime) }).await
}
// ANCHOR_END: inside

/// Calls it on a thread for blocking work, which may wait.
async fn block_on_elsewhere(runtime: Handle) -> Result<u32, JoinError> {
    spawn_blocking(move || sync_code(&runtime)).await
}
// ANCHOR_END: mixed

/// Returns the first sentence of a task's panic.
fn panic_message(error: JoinError) -> Option<String> {
    let payload = error.try_into_panic().ok()?;
    let (first, _) = payload.downcast_ref::<&str>()?.split_once(". ")?;
    Some(first.to_owned())
}

// ANCHOR: lost_error
async fn fails() -> Result<()> {
    Err(anyhow!("the invoice was not sent"))
}

// ANCHOR: handle_dropped
/// The handle is dropped, and the task's error with it,
/// without a trace.
async fn handle_dropped(_seen: &mut Vec<anyhow::Error>) {
    drop(spawn(fails()));
    yield_now().await; // the task runs here, and fails
}
// ANCHOR_END: handle_dropped

/// Two results, one inside the other: did the task panic,
/// and did its work fail?
async fn handle_awaited(seen: &mut Vec<anyhow::Error>) {
    match spawn(fails()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => seen.push(error),
        Err(panic) => seen.push(panic.into()),
    }
}
// ANCHOR_END: lost_error

// ANCHOR: wait
// ANCHOR: first_of_three
/// `select!` takes the first response and drops the other
/// futures.
async fn first_of_three() -> Vec<u64> {
    tokio::select! {
        biased;
        first = request(1) => vec![first],
        second = request(2) => vec![second],
        third = request(3) => vec![third],
    }
}
// ANCHOR_END: first_of_three

async fn all_of_three() -> Vec<u64> {
    let (a, b, c) = (request(1), request(2), request(3));
    let all = tokio::join!(a, b, c);
    vec![all.0, all.1, all.2]
}
// ANCHOR_END: wait

// ANCHOR: lock
async fn add_one(total: Arc<Mutex<u64>>) {
    *total.lock().await += 1;
}

// ANCHOR: across_await
/// Waits for a task while holding the lock that the task
/// needs.
async fn lock_across_await(total: Arc<Mutex<u64>>) {
    let guard = total.lock().await;
    let _ = spawn(add_one(Arc::clone(&total))).await;
    drop(guard);
}
// ANCHOR_END: across_await

/// Releases the lock first: a guard lives to the end of
/// its block.
async fn lock_released(total: Arc<Mutex<u64>>) {
    {
        *total.lock().await += 1;
    }
    let _ = spawn(add_one(total)).await;
}
// ANCHOR_END: lock

/// Returns the duration of `work`, or `DEADLOCK` after a second.
async fn ends_after(work: impl Future<Output = ()>) -> String {
    let start = Instant::now();
    match timeout(Duration::from_secs(1), work).await {
        Ok(()) => format!("{} ms", start.elapsed().as_millis()),
        Err(_elapsed) => "DEADLOCK".to_owned(),
    }
}

async fn millis(work: impl Future) -> String {
    let start = Instant::now();
    work.await;
    format!("{} ms", start.elapsed().as_millis())
}

fn row(pitfall: &str, before: impl ToString, after: impl ToString) {
    let (before, after) = (before.to_string(), after.to_string());
    println!("{pitfall:<36} {before:>9} {after:>9}");
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let block = args::number("--block MS", 200, 100..=2000, "milliseconds")?;
    let timeline = timeline::start().await;
    let server = web::Server::start().await?;
    let client = Client::builder().no_proxy().build()?;
    row("pitfall", "before", "after");

    let before =
        millis(await_in_a_loop().instrument(info_span!("await in a loop"))).await;
    let after = millis(await_together().instrument(info_span!("join_all"))).await;
    row("1 await in a loop", before, after);

    let health = server.url("/health");
    let inside = heartbeat(async { blocking_call(block) }, &client, &health);
    let before = inside.instrument(info_span!("blocking call")).await?;
    let elsewhere =
        heartbeat(spawn_blocking(move || blocking_call(block)), &client, &health);
    let after = elsewhere.instrument(info_span!("spawn_blocking")).await?;
    row("2 blocking call: heartbeats of 5", before, after);

    // This panic is expected: print it below the table instead of inside it.
    panic::set_hook(Box::new(|_| {}));
    let inside = block_on_inside(Handle::current()).await;
    let _ = panic::take_hook(); // restores the default hook
    let elsewhere = block_on_elsewhere(Handle::current()).await;
    let panics = |result: &Result<u32, JoinError>| u32::from(result.is_err());
    row("3 block_on inside async: panics of 1", panics(&inside), panics(&elsewhere));

    let (mut before, mut after) = (Vec::new(), Vec::new());
    handle_dropped(&mut before).await;
    handle_awaited(&mut after).await;
    row("4 error in a task: seen of 1", before.len(), after.len());

    let before = first_of_three().instrument(info_span!("select!")).await;
    let after = all_of_three().instrument(info_span!("join!")).await;
    row("5 select! for join!: responses of 3", before.len(), after.len());

    let total = Arc::new(Mutex::new(0));
    let before = ends_after(lock_across_await(Arc::clone(&total))).await;
    let after = ends_after(lock_released(total)).await;
    row("6 lock held across an await", before, after);

    let message = inside.err().and_then(panic_message).unwrap_or_default();
    println!("\nthe panic in row 3, which is expected\n  {message}\n");

    timeline.print();
    Ok(())
}
