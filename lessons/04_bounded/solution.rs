//! 04 - solution: gather, with a limit.

use std::time::Duration;

use anyhow::Result;
use futures::stream::{self, StreamExt};
use reqwest::Client;
use tokio::time::Instant;

use async_workbook::web;

/// Runs all `futures`, at most `limit` of them at a time, and returns their outputs
/// in the order of the list.
///
/// The futures start in the order of the list: the first `limit` at once, then the
/// next one whenever any future in flight is done. Dropping this future halfway
/// stops all of its work: no future keeps running and no new one starts.
///
/// `limit` is from 1 to 10,000. It may exceed the number of futures, and the list
/// may be empty. A future may take long, or be ready when it is first polled. (You
/// may add bounds such as `Send + 'static`, for tasks.)
async fn gather_limited<F: Future>(limit: usize, futures: Vec<F>) -> Vec<F::Output> {
    // Outputs arrive in any order, so keep each one's index with it.
    let numbered = futures.into_iter().enumerate();
    let jobs = numbered.map(async |(index, future)| (index, future.await));
    let mut outputs: Vec<_> =
        stream::iter(jobs).buffer_unordered(limit).collect().await;
    outputs.sort_unstable_by_key(|&(index, _)| index);
    outputs.into_iter().map(|(_, output)| output).collect()
}

/// Fetches a page and returns its status.
async fn status(client: Client, url: String) -> reqwest::Result<u16> {
    Ok(client.get(url).send().await?.status().as_u16())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let server = web::Server::start().await?;
    let client = Client::builder().no_proxy().build()?;

    // A page takes 100 ms, the first one 500. The server refuses a fifth request
    // while four are in flight.
    server.delay("/page/1", Duration::from_millis(500));
    let pages = (1..=12).map(|page| server.url(&format!("/page/{page}?limit=4")));
    let fetches = pages.map(|url| status(client.clone(), url)).collect();

    let start = Instant::now();
    let statuses = gather_limited(4, fetches).await;
    let took = start.elapsed().as_millis();
    for (page, status) in (1..).zip(statuses) {
        println!("page {page:>2}: {}", status?);
    }
    println!("peak {} in flight, {took} ms", server.peak());
    Ok(())
}

#[cfg(test)]
mod check;
