//! 03 - exercise: a guide to several cities.
//!
//! Check it with `cargo workbook check 03`; run it with
//! `cargo workbook run 03 --exercise`.

use anyhow::Result;
use reqwest::Client;
use serde::Deserialize;

use async_workbook::web;

/// The response from `/api/weather/CITY`.
#[derive(Debug, Deserialize)]
struct Weather {
    celsius: i32,
    sky: String,
}

/// One entry of the list that `/api/events/CITY` returns.
#[derive(Debug, Deserialize)]
struct Event {
    title: String,
    day: String,
}

/// Both responses about one city.
#[derive(Debug)]
struct Guide {
    city: String,
    weather: Weather,
    events: Vec<Event>,
}

/// Queries both APIs about one city at the same time. A status 404 from either of
/// them, whatever the body, means that the city is unknown: an error. So is any
/// other failure, such as a status 500, malformed JSON, or a missing field. A server
/// may be slow: there is no time limit.
async fn guide(client: &Client, server: &web::Server, city: &str) -> Result<Guide> {
    // This sends one request and discards the response. Write the rest.
    let url = server.url(&format!("/api/weather/{city}"));
    client.get(url).send().await?;
    todo!("query both APIs and combine the responses")
}

/// Fetches the guides of all cities at the same time and returns them in the order
/// of `cities`, each error at the place of its city. One failing city does not
/// affect the others.
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
    println!("peak requests in flight: {}", server.peak());
    Ok(())
}

#[cfg(test)]
mod check;
