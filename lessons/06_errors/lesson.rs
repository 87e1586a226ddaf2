//! 06 - Errors: fail fast, or collect everything?
//!
//! Fetches three pages, one of which fails, in four ways; prints an error
//! with its causes; and classifies four failures.
//!
//! Run it with `cargo run --example 06_errors`, or let another page fail:
//! `cargo run --example 06_errors -- --fails 1`.

mod failure;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures::future::{join_all, try_join_all};
use reqwest::Client;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tracing::{Instrument, info_span, instrument};

use async_workbook::{args, timeline, web};

struct Site {
    client: Client,
    server: web::Server,
    /// The page that fails.
    fails: usize,
    /// The outcome of each of the three pages.
    outcomes: Mutex<[&'static str; 3]>,
}

// ANCHOR: fetch
impl Site {
    /// Fetches page 1 (100 ms), 2 (200 ms) or 3 (300 ms); returns its size. One of
    /// them is a 404.
    #[instrument(skip(self), ret)]
    async fn fetch(&self, page: usize) -> Result<usize> {
        let mut guard = OutcomeGuard { site: self, page, outcome: "dropped" };
        let status = if page == self.fails { 404 } else { 200 };
        let path = format!("/page/{page}?delay={page}00&status={status}");
        let result = self.size_of(&path).await;
        guard.outcome = if result.is_ok() { "finished" } else { "failed" };
        result.with_context(|| format!("could not fetch page {page}"))
    }

    async fn size_of(&self, path: &str) -> reqwest::Result<usize> {
        let sent = self.client.get(self.server.url(path)).send().await;
        // By default, errors contain the URL, and URLs can contain passwords.
        let response =
            sent?.error_for_status().map_err(reqwest::Error::without_url)?;
        Ok(response.text().await?.len())
    }
}
// ANCHOR_END: fetch

impl Site {
    fn outcomes(&self) -> MutexGuard<'_, [&'static str; 3]> {
        // A panic elsewhere should not cause a panic here.
        self.outcomes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// ANCHOR: guard
/// Records the outcome of a fetch when it is dropped: at the end of the fetch, or
/// when the fetch is cancelled.
struct OutcomeGuard<'a> {
    site: &'a Site,
    page: usize,
    outcome: &'static str,
}

impl Drop for OutcomeGuard<'_> {
    fn drop(&mut self) {
        self.site.outcomes()[self.page - 1] = self.outcome;
    }
}
// ANCHOR_END: guard

// ANCHOR: collect
/// Returns every result, good or bad, when the last is done.
async fn collect(site: &Site) -> Vec<Result<usize>> {
    let fetches = (1..=3).map(|page| site.fetch(page));
    join_all(fetches).await
}
// ANCHOR_END: collect

// ANCHOR: fail_fast
/// Returns the first error at once and drops the other
/// futures at their current await.
async fn fail_fast(site: &Site) -> Result<Vec<usize>> {
    let fetches = (1..=3).map(|page| site.fetch(page));
    try_join_all(fetches).await
}
// ANCHOR_END: fail_fast

// ANCHOR: spawned
/// Returns the first error at once. The tasks keep
/// running, because dropping a handle stops nothing.
async fn spawned(site: &Arc<Site>) -> Result<Vec<usize>> {
    let tasks = (1..=3).map(|page| {
        let site = Arc::clone(site);
        let task = async move { site.fetch(page).await };
        tokio::spawn(task.in_current_span())
    });
    let results = tasks.map(async |handle| handle.await?);
    try_join_all(results).await
}
// ANCHOR_END: spawned

// ANCHOR: group
/// Returns the first error after aborting the other tasks and waiting for them.
async fn group(site: &Arc<Site>) -> Result<Vec<usize>> {
    let mut tasks = JoinSet::new();
    for page in 1..=3 {
        let site = Arc::clone(site);
        tasks.spawn(async move { site.fetch(page).await }.in_current_span());
    }
    let mut sizes = Vec::new();
    while let Some(task) = tasks.join_next().await {
        match task? {
            Ok(size) => sizes.push(size),
            Err(error) => {
                tasks.shutdown().await;
                return Err(error);
            }
        }
    }
    Ok(sizes)
}
// ANCHOR_END: group

// ANCHOR: thirty
/// Takes one second, except that number 2 fails after 200 ms.
async fn work(number: usize) -> Result<usize> {
    if number == 2 {
        sleep(Duration::from_millis(200)).await;
        bail!("work 2 failed");
    }
    sleep(Duration::from_secs(1)).await;
    Ok(number)
}

/// The time until `try_join_all` returns the error of the second future.
async fn fails_after(futures: usize) -> u128 {
    let start = Instant::now();
    let _ = try_join_all((1..=futures).map(work)).await;
    start.elapsed().as_millis()
}
// ANCHOR_END: thirty

/// Prints a row of the table, after giving leftover work time to finish.
async fn report(what: &str, start: Instant, returned: String, site: &Site) {
    let after = start.elapsed().as_millis();
    sleep(Duration::from_millis(150)).await;
    let outcomes = site.outcomes().join("  ");
    println!("{what:<20} {after:>3} ms  {returned:<12}  {outcomes}");
}

fn summary(result: &Result<Vec<usize>>) -> String {
    match result {
        Ok(sizes) => format!("{} Ok", sizes.len()),
        Err(_) => "the Err".to_owned(),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let fails = args::number("--fails PAGE", 2, 1..=3, "as the page")?;
    let timeline = timeline::start().await;
    let server = web::Server::start().await?;
    let client = Client::builder().no_proxy().build()?;
    let outcomes = Mutex::default();
    let site = Arc::new(Site { client, server, fails, outcomes });

    // ANCHOR: main
    println!("strategy             after  returns       pages 1, 2 and 3");
    let start = Instant::now();
    let results = collect(&site).instrument(info_span!("join_all")).await;
    let errors = results.iter().filter(|result| result.is_err()).count();
    let both = format!("{} Ok, {errors} Err", results.len() - errors);
    report("join_all", start, both, &site).await;

    let start = Instant::now();
    let result = fail_fast(&site).instrument(info_span!("try_join_all")).await;
    report("try_join_all", start, summary(&result), &site).await;

    let start = Instant::now();
    let result = spawned(&site).instrument(info_span!("try_join_all, tasks")).await;
    report("try_join_all, tasks", start, summary(&result), &site).await;

    let start = Instant::now();
    let result = group(&site).instrument(info_span!("JoinSet")).await;
    report("JoinSet", start, summary(&result), &site).await;
    // ANCHOR_END: main

    println!("\ntry_join_all, when the second future fails after 200 ms");
    println!("  of 30 futures: Err after {:>4} ms", fails_after(30).await);
    println!("  of 31 futures: Err after {:>4} ms", fails_after(31).await);

    // ANCHOR: chain
    println!("\nan error and its causes");
    if let Err(error) = result.context("could not show the dashboard") {
        error.chain().for_each(|cause| println!("  {cause}"));
    }
    // ANCHOR_END: chain

    // ANCHOR: apart
    println!("\nfour failures, by kind");
    let urls = [
        site.server.url("/nowhere"),
        site.server.url("/broken.json"),
        site.server.refused_url()?,
        site.server.url("/api/weather/oslo?delay=5000"),
    ];
    for url in urls {
        if let Err(failure) = failure::get_json(&site.client, url).await {
            let advice = if failure.is_retryable() { "retry" } else { "give up" };
            let name = format!("{failure:?}");
            println!("  {name:<8}  {advice}");
        }
    }
    println!();
    // ANCHOR_END: apart

    timeline.print();
    Ok(())
}
