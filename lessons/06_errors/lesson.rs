//! 06 - Errors: fail fast, or collect everything?
//!
//! Three pages, the second of which fails, fetched in four ways; an error that tells
//! how it came about; four failures told apart.
//!
//! Run it with `cargo run --example 06_errors`.

mod failure;

use anyhow::{Context, Result, bail};
use async_workbook::{timeline, web};
use futures::future::{join_all, try_join_all};
use reqwest::Client;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tracing::{Instrument, info_span, instrument};

struct Site {
    client: Client,
    server: web::Server,
    /// What became of each of the three pages.
    fates: Mutex<[&'static str; 3]>,
}

// ANCHOR: fetch
impl Site {
    /// Fetches page 1 (100 ms), 2 (200 ms, then a 404) or 3 (300 ms); returns its
    /// size.
    #[instrument(skip(self))]
    async fn fetch(&self, page: usize) -> Result<usize> {
        let mut fate = Fate { site: self, page, what: "dropped" };
        let status = if page == 2 { 404 } else { 200 };
        let path = format!("/page/{page}?delay={page}00&status={status}");
        let result = self.size_of(&path).await;
        fate.what = if result.is_ok() { "finished" } else { "failed" };
        result.with_context(|| format!("page {page} was not fetched"))
    }

    async fn size_of(&self, path: &str) -> reqwest::Result<usize> {
        let sent = self.client.get(self.server.url(path)).send().await;
        // Errors name the URL unless told not to, and URLs can hold passwords.
        let response =
            sent?.error_for_status().map_err(reqwest::Error::without_url)?;
        Ok(response.text().await?.len())
    }
}
// ANCHOR_END: fetch

impl Site {
    fn fates(&self) -> MutexGuard<'_, [&'static str; 3]> {
        // A panic elsewhere is no reason to panic here.
        self.fates.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// ANCHOR: fate
/// Dropped when its fetch ends, and also when the fetch is given up before its end.
struct Fate<'a> {
    site: &'a Site,
    page: usize,
    what: &'static str,
}

impl Drop for Fate<'_> {
    fn drop(&mut self) {
        self.site.fates()[self.page - 1] = self.what;
    }
}
// ANCHOR_END: fate

// ANCHOR: collect
/// Every result, good or bad, when the last is there.
async fn collect(site: &Site) -> Vec<Result<usize>> {
    let fetches = (1..=3).map(|page| site.fetch(page));
    join_all(fetches).await
}
// ANCHOR_END: collect

// ANCHOR: fail_fast
/// The first error at once; the other futures are dropped
/// where they stand.
async fn fail_fast(site: &Site) -> Result<Vec<usize>> {
    let fetches = (1..=3).map(|page| site.fetch(page));
    try_join_all(fetches).await
}
// ANCHOR_END: fail_fast

// ANCHOR: spawned
/// The first error at once; the tasks go on, because a
/// dropped handle stops nothing.
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
/// The first error, after the other tasks were stopped and
/// waited for.
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
/// Takes a second; but the second one fails after 200 ms.
async fn work(number: usize) -> Result<usize> {
    if number == 2 {
        sleep(Duration::from_millis(200)).await;
        bail!("work 2 failed");
    }
    sleep(Duration::from_secs(1)).await;
    Ok(number)
}

/// When `try_join_all` of so many futures returns the error of the second.
async fn fails_after(futures: usize) -> u128 {
    let start = Instant::now();
    let _ = try_join_all((1..=futures).map(work)).await;
    start.elapsed().as_millis()
}
// ANCHOR_END: thirty

/// Prints a row of the table, when what may still be running had its time.
async fn report(what: &str, start: Instant, outcome: String, site: &Site) {
    let after = start.elapsed().as_millis();
    sleep(Duration::from_millis(150)).await;
    let fates = site.fates().join("  ");
    println!("{what:<20} {after:>3} ms  {outcome:<12}  {fates}");
}

fn said(result: &Result<Vec<usize>>) -> String {
    match result {
        Ok(sizes) => format!("{} Ok", sizes.len()),
        Err(_) => "the Err".to_owned(),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let timeline = timeline::start().await;
    let server = web::Server::start().await?;
    let client = Client::builder().no_proxy().build()?;
    let fates = Mutex::default();
    let site = Arc::new(Site { client, server, fates });

    // ANCHOR: main
    println!("strategy             after  returns       pages 1, 2 and 3");
    let start = Instant::now();
    let results = collect(&site).instrument(info_span!("join_all")).await;
    let errors = results.iter().filter(|result| result.is_err()).count();
    let both = format!("{} Ok, {errors} Err", results.len() - errors);
    report("join_all", start, both, &site).await;

    let start = Instant::now();
    let result = fail_fast(&site).instrument(info_span!("try_join_all")).await;
    report("try_join_all", start, said(&result), &site).await;

    let start = Instant::now();
    let result =
        spawned(&site).instrument(info_span!("try_join_all of tasks")).await;
    report("try_join_all, tasks", start, said(&result), &site).await;

    let start = Instant::now();
    let result = group(&site).instrument(info_span!("JoinSet")).await;
    report("JoinSet", start, said(&result), &site).await;
    // ANCHOR_END: main

    println!("\ntry_join_all, where the second future fails after 200 ms");
    println!("  of 30 futures: Err after {:>4} ms", fails_after(30).await);
    println!("  of 31 futures: Err after {:>4} ms", fails_after(31).await);

    // ANCHOR: chain
    println!("\nan error, and how it came about");
    if let Err(error) = result.context("the dashboard is not shown") {
        error.chain().for_each(|cause| println!("  {cause}"));
    }
    // ANCHOR_END: chain

    // ANCHOR: apart
    println!("\nfour failures, told apart");
    let urls = [
        site.server.url("/nowhere"),
        site.server.url("/broken.json"),
        site.server.refused_url()?,
        site.server.url("/api/weather/oslo?delay=5000"),
    ];
    for url in urls {
        if let Err(failure) = failure::get_json(&site.client, url).await {
            let again =
                if failure.worth_another_try() { "try again" } else { "give up" };
            let name = format!("{failure:?}");
            println!("  {name:<8}  {again}");
        }
    }
    println!();
    // ANCHOR_END: apart

    timeline.print();
    Ok(())
}
