//! 03 - Gather: how do I fetch many pages at once and keep their order?
//!
//! Fetches five pages one after another, then together; then combines two JSON APIs
//! into one value.
//!
//! Run it with `cargo run --example 03_gather`, or pass URLs of your own:
//! `cargo run --example 03_gather -- https://www.rust-lang.org /page/7`. With
//! `-- --delay 300`, page 1 takes 300 ms instead of 100.

mod named;

use std::env;
use std::time::Duration;

use anyhow::Result;
use futures::future::join_all;
use reqwest::Client;
use serde::Deserialize;
use tokio::time::Instant;
use tracing::{Instrument, info_span, instrument};

use async_workbook::{args, timeline, web};

// ANCHOR: fetch
/// Fetches a page; returns its status and its size in bytes.
#[instrument(skip(client, url), ret)]
async fn fetch(client: &Client, page: usize, url: &str) -> Result<(u16, usize)> {
    let response = client.get(url).send().await?;
    let status = response.status().as_u16();
    let text = response.text().await?;
    Ok((status, text.len()))
}
// ANCHOR_END: fetch

// ANCHOR: loop
/// Each `.await` ends before the next request starts.
async fn one_after_another(client: &Client, urls: &[String]) -> Result<()> {
    for (page, url) in (1..).zip(urls) {
        let (status, bytes) = fetch(client, page, url).await?;
        println!("  page {page}: {status}, {bytes} bytes");
    }
    Ok(())
}
// ANCHOR_END: loop

// ANCHOR: together
/// `join_all` runs all of them at once and returns the results in the list's order.
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

// ANCHOR: json
#[derive(Deserialize)]
struct Weather {
    celsius: i32,
    sky: String,
}

#[derive(Deserialize)]
struct Event {
    title: String,
    day: String,
}

/// The responses of two APIs about one city.
struct Guide {
    weather: Weather,
    events: Vec<Event>,
}

/// `try_join!` runs both at once and returns both values, or the first error.
async fn guide(client: &Client, server: &web::Server, city: &str) -> Result<Guide> {
    let weather = async {
        let url = server.url(&format!("/api/weather/{city}"));
        client.get(url).send().await?.error_for_status()?.json::<Weather>().await
    };
    let events = async {
        let url = server.url(&format!("/api/events/{city}"));
        client.get(url).send().await?.error_for_status()?.json::<Vec<Event>>().await
    };
    let (weather, events) = tokio::try_join!(weather, events)?;
    Ok(Guide { weather, events })
}
// ANCHOR_END: json

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let timeline = timeline::start().await;
    let server = web::Server::start().await?;
    // The server is on this machine, so ignore HTTP_PROXY. Set a timeout, because
    // reqwest has none by default: it would wait forever for a response.
    let client =
        Client::builder().no_proxy().timeout(Duration::from_secs(10)).build()?;

    let args: Vec<_> = env::args_os()
        .skip(1)
        .map(|arg| arg.to_string_lossy().into_owned())
        .collect();
    if args.first().is_none_or(|first| first == "--delay") {
        let delay = args::number("--delay MS", 100, 1..=1000, "milliseconds")?;
        server.delay("/page/1", Duration::from_millis(delay));
    } else {
        return named::fetch_all(&client, &args, &server).await;
    }

    // ANCHOR: main
    let urls: Vec<_> =
        (1..=5).map(|page| server.url(&format!("/page/{page}"))).collect();

    println!("one after another");
    let start = Instant::now();
    one_after_another(&client, &urls)
        .instrument(info_span!("one after another"))
        .await?;
    println!("  {} ms", start.elapsed().as_millis());

    println!("\ntogether");
    let start = Instant::now();
    together(&client, &urls).instrument(info_span!("together")).await?;
    println!("  {} ms, in the order of the list", start.elapsed().as_millis());

    println!("\ntwo APIs, one value");
    let start = Instant::now();
    let Guide { weather, events } = guide(&client, &server, "Lisbon").await?;
    println!("  Lisbon: {} degrees, {}", weather.celsius, weather.sky);
    for event in events {
        println!("  {}: {}", event.day, event.title);
    }
    println!("  {} ms\n", start.elapsed().as_millis());
    // ANCHOR_END: main

    timeline.print();
    Ok(())
}
