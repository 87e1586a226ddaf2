//! 03 - Gather: how do I fetch many pages at once and keep their order?
//!
//! Five pages one after the other, then together; then two JSON APIs into one value.
//! Run it with `cargo run --example 03_gather`, or name your own pages:
//! `cargo run --example 03_gather -- https://www.rust-lang.org https://tokio.rs`

use anyhow::{Context, Result, ensure};
use async_workbook::{timeline, web};
use futures::future::join_all;
use reqwest::Client;
use serde::Deserialize;
use std::time::Duration;
use tokio::time::Instant;
use tracing::{Instrument, info_span, instrument};

// ANCHOR: fetch
/// Fetches one page and returns its status and its size in bytes.
#[instrument(skip(client, url))]
async fn fetch(client: &Client, page: usize, url: &str) -> Result<(u16, usize)> {
    let response = client.get(url).send().await?;
    let status = response.status().as_u16();
    let body = response.text().await?;
    Ok((status, body.len()))
}
// ANCHOR_END: fetch

// ANCHOR: loop
/// One request at a time: each `.await` waits before the next request is made.
async fn one_after_another(client: &Client, urls: &[String]) -> Result<()> {
    for (page, url) in (1..).zip(urls) {
        let (status, bytes) = fetch(client, page, url).await?;
        println!("  page {page}: {status}, {bytes} bytes");
    }
    Ok(())
}
// ANCHOR_END: loop

// ANCHOR: together
/// All requests at once: `join_all` polls every future, and keeps the order of its input.
async fn together(client: &Client, urls: &[String]) -> Result<()> {
    let fetches = (1..).zip(urls).map(|(page, url)| fetch(client, page, url));
    let results = join_all(fetches).await;
    for (page, result) in (1..).zip(results) {
        let (status, bytes) = result?;
        println!("  page {page}: {status}, {bytes} bytes");
    }
    Ok(())
}
// ANCHOR_END: together
fn main() {}
