//! 03 - solution: a guide to several cities.

use anyhow::Result;
use futures::future::join_all;
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

async fn weather(
    client: &Client,
    server: &web::Server,
    city: &str,
) -> reqwest::Result<Weather> {
    let url = server.url(&format!("/api/weather/{city}"));
    client.get(url).send().await?.error_for_status()?.json().await
}

async fn events(
    client: &Client,
    server: &web::Server,
    city: &str,
) -> reqwest::Result<Vec<Event>> {
    let url = server.url(&format!("/api/events/{city}"));
    client.get(url).send().await?.error_for_status()?.json().await
}

/// Queries both APIs about one city at the same time. A status 404 from either of
/// them, whatever the body, means that the city is unknown: an error. So is any
/// other failure, such as a status 500, malformed JSON, or a missing field. A server
/// may be slow: there is no time limit.
async fn guide(client: &Client, server: &web::Server, city: &str) -> Result<Guide> {
    let (weather, events) = tokio::try_join!(
        weather(client, server, city),
        events(client, server, city)
    )?;
    Ok(Guide { city: city.to_owned(), weather, events })
}

/// Fetches the guides of all cities at the same time and returns them in the order
/// of `cities`, each error at the place of its city. One failing city does not
/// affect the others.
async fn guides(
    client: &Client,
    server: &web::Server,
    cities: &[&str],
) -> Vec<Result<Guide>> {
    join_all(cities.iter().map(|city| guide(client, server, city))).await
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
