//! 04 - Bounded: what if there are 5,000?
//!
//! Runs 5,000 jobs all at once, then at most 50 at a time, in three ways; then
//! fetches twelve pages from a server that handles four requests at a time.
//!
//! Run it with `cargo run --example 04_bounded`, or fetch with another limit:
//! `cargo run --example 04_bounded -- --limit 5`.

use std::cell::Cell;
use std::time::Duration;

use anyhow::Result;
use futures::future::join_all;
use futures::stream::{self, StreamExt, TryStreamExt};
use reqwest::Client;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};
use tracing::{Instrument, info_span, instrument};

use async_workbook::{args, timeline, web};

// ANCHOR: gauge
/// Counts the jobs in flight and remembers the peak. A `Cell` is enough because
/// everything happens in one task.
#[derive(Default)]
struct Gauge {
    in_flight: Cell<usize>,
    peak: Cell<usize>,
}

/// Stands in for a request that takes 10 ms.
async fn job(gauge: &Gauge) {
    gauge.in_flight.set(gauge.in_flight.get() + 1);
    gauge.peak.set(gauge.peak.get().max(gauge.in_flight.get()));
    sleep(Duration::from_millis(10)).await;
    gauge.in_flight.set(gauge.in_flight.get() - 1);
}
// ANCHOR_END: gauge

// ANCHOR: unbounded
async fn all_at_once(jobs: usize, gauge: &Gauge) {
    join_all((0..jobs).map(|_| job(gauge))).await;
}
// ANCHOR_END: unbounded

// ANCHOR: buffered
/// Starts the next job as soon as any of the `limit` jobs is done.
async fn unordered(jobs: usize, limit: usize, gauge: &Gauge) {
    let stream = stream::iter(0..jobs).map(|_| job(gauge));
    stream.buffer_unordered(limit).collect::<Vec<_>>().await;
}

/// The same, but yields the results in the order of the jobs.
async fn ordered(jobs: usize, limit: usize, gauge: &Gauge) {
    let stream = stream::iter(0..jobs).map(|_| job(gauge));
    stream.buffered(limit).collect::<Vec<_>>().await;
}
// ANCHOR_END: buffered

// ANCHOR: semaphore
/// Creates every job at the start; each waits for one of `limit` permits. The permit
/// is released when `_permit` goes out of scope; a plain `_` would drop it at once.
async fn with_permits(jobs: usize, limit: usize, gauge: &Gauge) -> Result<()> {
    let permits = Semaphore::new(limit);
    let one = async || -> Result<()> {
        let _permit = permits.acquire().await?;
        job(gauge).await;
        Ok(())
    };
    for result in join_all((0..jobs).map(|_| one())).await {
        result?;
    }
    Ok(())
}
// ANCHOR_END: semaphore

// ANCHOR: server
/// Fetches twelve pages, at most `limit` at a time, from a server that refuses a
/// fifth request while four are in flight.
async fn twelve_pages(
    client: &Client,
    server: &web::Server,
    limit: usize,
) -> Result<()> {
    server.reset();
    let fetches = stream::iter(1..=12).map(|page| fetch(client, server, page));
    let statuses: Vec<u16> = fetches.buffer_unordered(limit).try_collect().await?;
    let served = statuses.iter().filter(|&&status| status == 200).count();
    let refused = statuses.len() - served;
    let peak = server.peak();
    println!(
        "  at most {limit:>2}: peak {peak:>2}, served {served:>2}, refused {refused}"
    );
    Ok(())
}

#[instrument(skip(client, server), ret)]
async fn fetch(client: &Client, server: &web::Server, page: u32) -> Result<u16> {
    let url = server.url(&format!("/page/{page}?limit=4"));
    Ok(client.get(url).send().await?.status().as_u16())
}
// ANCHOR_END: server

fn report(what: &str, gauge: &Gauge, start: Instant) {
    let (peak, took) = (gauge.peak.get(), start.elapsed().as_millis());
    println!("  {what:<20} peak {peak:>4}, {took:>4} ms");
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let limit = args::number("--limit N", 4, 1..=12, "requests")?;
    let timeline = timeline::start().await;

    // ANCHOR: main
    println!("5,000 jobs of 10 ms");
    let (start, gauge) = (Instant::now(), Gauge::default());
    all_at_once(5_000, &gauge).await;
    report("join_all", &gauge, start);

    let (start, gauge) = (Instant::now(), Gauge::default());
    unordered(5_000, 50, &gauge).await;
    report("buffer_unordered(50)", &gauge, start);

    let (start, gauge) = (Instant::now(), Gauge::default());
    ordered(5_000, 50, &gauge).await;
    report("buffered(50)", &gauge, start);

    let (start, gauge) = (Instant::now(), Gauge::default());
    with_permits(5_000, 50, &gauge).await?;
    report("Semaphore, 50", &gauge, start);

    println!("\n12 pages from a server that handles 4 requests at a time");
    let server = web::Server::start().await?;
    // The server is on this machine, so ignore HTTP_PROXY.
    let client = Client::builder().no_proxy().build()?;
    let at_once = twelve_pages(&client, &server, 12);
    at_once.instrument(info_span!("all at once")).await?;
    let bounded = twelve_pages(&client, &server, limit);
    bounded.instrument(info_span!("bounded", "at most {limit}")).await?;
    println!();
    // ANCHOR_END: main

    timeline.print();
    Ok(())
}
