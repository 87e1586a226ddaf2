//! 08 - Blocking: why did everything stop?
//!
//! Calls a function that blocks its thread: next to a heartbeat, under a timeout,
//! and six times on a small blocking pool. Then aborts a running and a queued call,
//! and returns from `main` while a call is running.
//!
//! Run it with `cargo run --example 08_blocking`, or give the blocking pool more
//! threads: `cargo run --example 08_blocking -- --threads 6`.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use anyhow::Result;
use futures::future::{join_all, try_join_all};
use tokio::net::lookup_host;
use tokio::runtime::Builder;
use tokio::sync::Semaphore;
use tokio::task::{JoinError, JoinHandle, spawn_blocking};
use tokio::time::{Instant, sleep, timeout};
use tracing::{Instrument, info_span, instrument};

use async_workbook::{
    args,
    timeline::{self, Timeline},
};

const TICK: Duration = Duration::from_millis(200);

// ANCHOR: hash
static RUNNING: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// Stands in for hashing a file, resizing a photo, or
/// a synchronous driver: it blocks the thread.
fn hash(time: Duration) {
    let running = RUNNING.fetch_add(1, SeqCst) + 1;
    PEAK.fetch_max(running, SeqCst);
    thread::sleep(time);
    RUNNING.fetch_sub(1, SeqCst);
}

/// Runs `hash` on a thread of the blocking pool. The span
/// begins here, and ends with the call.
fn hash_on_the_pool(time: Duration) -> JoinHandle<()> {
    let span = info_span!("hash");
    spawn_blocking(move || span.in_scope(|| hash(time)))
}
// ANCHOR_END: hash

// ANCHOR: heartbeat
/// Beats every 200 ms. Returns the longest gap.
#[instrument(ret)]
async fn heartbeat() -> Duration {
    let mut longest = Duration::ZERO;
    for _ in 0..4 {
        let last = Instant::now();
        sleep(TICK).await;
        longest = longest.max(last.elapsed());
    }
    longest
}

async fn on_the_runtime() -> Duration {
    let call = async { hash(3 * TICK) };
    let call = call.instrument(info_span!("hash"));
    tokio::join!(biased; heartbeat(), call).0
}

async fn on_the_pool() -> Duration {
    let call = hash_on_the_pool(3 * TICK);
    tokio::join!(biased; heartbeat(), call).0
}
// ANCHOR_END: heartbeat

// ANCHOR: timeout
/// Prints how a timeout of 200 ms ends, and when.
async fn limited(what: &str, call: impl Future) {
    let start = Instant::now();
    let ended = match timeout(TICK, call).await {
        Ok(_) => "Ok",
        Err(_elapsed) => "Elapsed",
    };
    print!("  {what} {ended} after {}, ", ms(start));
    println!("{} running", RUNNING.load(SeqCst));
}

async fn two_timeouts() -> Result<()> {
    let call = async { hash(3 * TICK) };
    limited("on the runtime:", call).await;
    let mut call = spawn_blocking(|| hash(3 * TICK));
    limited("spawn_blocking:", &mut call).await;
    Ok(call.await?)
}
// ANCHOR_END: timeout

// ANCHOR: pool
/// Calls `hash` six times, at most `limit` at once, and
/// resolves a host name, which needs a thread of the
/// blocking pool as well.
async fn six_calls(limit: usize) -> Result<()> {
    PEAK.store(0, SeqCst);
    let start = Instant::now();
    let permits = Semaphore::new(limit);
    let call = async || {
        let _permit = permits.acquire().await?;
        anyhow::Ok(hash_on_the_pool(TICK).await?)
    };
    let calls = async {
        try_join_all((0..6).map(|_| call())).await?;
        Ok(ms(start))
    };
    let lookup = async {
        let _found = lookup_host(("localhost", 80)).await?;
        anyhow::Ok(ms(start))
    };
    let (calls, lookup) = tokio::try_join!(biased; calls, lookup)?;
    let peak = PEAK.load(SeqCst);
    print!("  at most {limit}: {calls}, peak {peak}, ");
    println!("lookup_host after {lookup}");
    Ok(())
}
// ANCHOR_END: pool

// ANCHOR: abort
/// Aborts a running call, and one that is queued because
/// every thread of the pool is taken.
async fn two_aborts(threads: usize) {
    let call = || spawn_blocking(|| hash(2 * TICK));
    let mut calls: Vec<_> = (0..threads).map(|_| call()).collect();
    let queued = call();
    sleep(TICK).await;
    let running = calls.remove(0);
    running.abort();
    queued.abort();
    println!("  running: {}", outcome(running.await));
    println!("  queued:  {}", outcome(queued.await));
    join_all(calls).await;
}

fn outcome(result: Result<(), JoinError>) -> &'static str {
    match result {
        Ok(()) => "Ok, it ran to its end",
        Err(error) if error.is_cancelled() => "cancelled",
        Err(_panic) => "panicked",
    }
}
// ANCHOR_END: abort

/// The time since `start`, rounded.
fn ms(start: Instant) -> String {
    rounded(start.elapsed())
}

/// Rounds down to a multiple of 200 ms, with 25 ms of tolerance: `start` may be read
/// after the call has started.
fn rounded(time: Duration) -> String {
    format!("{} ms", (time.as_millis() + 25) / 200 * 200)
}

async fn run(threads: usize) -> Result<Timeline> {
    // Blocking a thread takes real time. Rounding makes every run print the same.
    let timeline = timeline::start().await.rounded_to(TICK);

    println!("longest gap of a heartbeat of 200 ms");
    let gap = on_the_runtime().instrument(info_span!("on the runtime")).await;
    println!("  on the runtime: {}", rounded(gap));
    let gap = on_the_pool().instrument(info_span!("spawn_blocking")).await;
    println!("  spawn_blocking: {}", rounded(gap));

    println!("\na timeout of 200 ms around a call of 600 ms");
    two_timeouts().await?;

    println!("\na pool of {threads}, and six calls of 200 ms");
    for limit in [6, (threads - 1).max(1)] {
        six_calls(limit).instrument(info_span!("six calls", limit)).await?;
    }

    println!("\nabort");
    two_aborts(threads).await;

    // ANCHOR: end
    println!("\nthe end of main, with a call that no one awaits");
    drop(spawn_blocking(|| hash(3 * TICK)));
    sleep(TICK).await;
    Ok(timeline)
    // ANCHOR_END: end
}

// ANCHOR: main
/// `#[tokio::main]` has no setting for the blocking pool.
fn main() -> Result<()> {
    let threads = args::number("--threads N", 2, 1..=64, "threads")?;
    let runtime = Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(threads)
        .build()?;
    let timeline = runtime.block_on(run(threads))?;

    let start = Instant::now();
    drop(runtime);
    println!("  dropping the runtime took {}\n", ms(start));
    timeline.print();
    Ok(())
}
// ANCHOR_END: main
