//! 04 - Bounded: what if there are 5,000?
//!
//! 5,000 jobs all at once, then never more than 50 at a time, in three ways; then
//! twelve pages from a server that bears four requests.
//!
//! Run it with `cargo run --example 04_bounded`.

use anyhow::Result;
use async_workbook::{timeline, web};
use futures::future::join_all;
use futures::stream::{self, StreamExt, TryStreamExt};
use reqwest::Client;
use std::cell::Cell;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};
use tracing::{Instrument, info_span, instrument};

// ANCHOR: gauge
/// Counts how many are inside, and remembers the most there ever were. A `Cell` will
/// do: all of it happens in one task.
#[derive(Default)]
struct Gauge {
    inside: Cell<usize>,
    peak: Cell<usize>,
}

/// Stands for a request that takes 10 ms.
async fn job(gauge: &Gauge) {
    gauge.inside.set(gauge.inside.get() + 1);
    gauge.peak.set(gauge.peak.get().max(gauge.inside.get()));
    sleep(Duration::from_millis(10)).await;
    gauge.inside.set(gauge.inside.get() - 1);
}
// ANCHOR_END: gauge

// ANCHOR: unbounded
async fn all_at_once(jobs: usize, gauge: &Gauge) {
    join_all((0..jobs).map(|_| job(gauge))).await;
}
// ANCHOR_END: unbounded

// ANCHOR: buffered
/// The stream begins the next job when any of the `limit` is done.
async fn unordered(jobs: usize, limit: usize, gauge: &Gauge) {
    let stream = stream::iter(0..jobs).map(|_| job(gauge));
    stream.buffer_unordered(limit).collect::<Vec<_>>().await;
}

/// The same, but results come in the order of the jobs.
async fn ordered(jobs: usize, limit: usize, gauge: &Gauge) {
    let stream = stream::iter(0..jobs).map(|_| job(gauge));
    stream.buffered(limit).collect::<Vec<_>>().await;
}
// ANCHOR_END: buffered

// ANCHOR: semaphore
/// Every job is there from the start, and waits for one of `limit` permits. The
/// permit is given back where `_permit` goes out of scope; a plain `_` would drop it
/// at once.
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
/// Fetches twelve pages, at most `limit` at a time, from a server that refuses the
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

#[instrument(skip(client, server))]
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

    println!("\n12 pages from a server that bears 4 requests");
    let server = web::Server::start().await?;
    // The server is on this machine, so HTTP_PROXY is not meant for it.
    let client = Client::builder().no_proxy().build()?;
    let at_once = twelve_pages(&client, &server, 12);
    at_once.instrument(info_span!("all at once")).await?;
    let bounded = twelve_pages(&client, &server, 4);
    bounded.instrument(info_span!("at most 4")).await?;
    println!();
    // ANCHOR_END: main

    timeline.print();
    Ok(())
}
