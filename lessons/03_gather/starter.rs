//! 03 - exercise: a guide to several cities.
//!
//! Check it with `cargo workbook check 03`; run it with
//! `cargo run --example 03_gather_exercise`.

use anyhow::Result;
use async_workbook::web;
use reqwest::Client;
use serde::Deserialize;

/// What `/api/weather/CITY` answers.
#[derive(Debug, Deserialize)]
struct Weather {
    celsius: i32,
    sky: String,
}

/// `/api/events/CITY` answers a list of these.
#[derive(Debug, Deserialize)]
struct Event {
    title: String,
    day: String,
}

/// What both know about one city.
#[derive(Debug)]
struct Guide {
    city: String,
    weather: Weather,
    events: Vec<Event>,
}

/// Asks both APIs about one city, at the same time. An unknown city, which is
/// answered with 404, is an error.
async fn guide(client: &Client, server: &web::Server, city: &str) -> Result<Guide> {
    // This asks, and throws the answer away. The rest is yours.
    let url = server.url(&format!("/api/weather/{city}"));
    client.get(url).send().await?;
    todo!("ask both APIs, and put the answers together")
}

/// The guides of all cities in the order of `cities`, all fetched at the same time.
/// A city that fails does not take the others with it.
async fn guides(
    client: &Client,
    server: &web::Server,
    cities: &[&str],
) -> Vec<Result<Guide>> {
    let mut guides = Vec::new();
    for city in cities {
        guides.push(guide(client, server, city).await);
    }
    guides
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let server = web::Server::start().await?;
    let client = Client::builder().no_proxy().build()?;
    let cities = ["Lisbon", "Oslo", "Atlantis", "Helsinki"];
    for guide in guides(&client, &server, &cities).await {
        match guide {
            Ok(Guide { city, weather, events }) => {
                println!("{city}: {} degrees, {}", weather.celsius, weather.sky);
                for event in events {
                    println!("  {}: {}", event.day, event.title);
                }
            }
            Err(error) => println!("{error:#}"),
        }
    }
    println!("the most requests in flight: {}", server.peak());
    Ok(())
}

#[cfg(test)]
mod check;
