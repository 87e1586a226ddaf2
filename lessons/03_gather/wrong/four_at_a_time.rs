//! Wrong: a bound that nobody asked for: four cities at a time.

use anyhow::Result;
use async_workbook::web;
use futures::stream::{self, StreamExt};
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
    let weather = async {
        let url = server.url(&format!("/api/weather/{city}"));
        client.get(url).send().await?.error_for_status()?.json().await
    };
    let events = async {
        let url = server.url(&format!("/api/events/{city}"));
        client.get(url).send().await?.error_for_status()?.json().await
    };
    let (weather, events) = tokio::try_join!(weather, events)?;
    Ok(Guide { city: city.to_owned(), weather, events })
}

/// The guides of all cities in the order of `cities`, all fetched at the same time.
/// A city that fails does not take the others with it.
async fn guides(
    client: &Client,
    server: &web::Server,
    cities: &[&str],
) -> Vec<Result<Guide>> {
    let all = stream::iter(cities).map(|city| guide(client, server, city));
    all.buffered(4).collect().await
}

#[cfg(test)]
#[path = "../check.rs"]
mod check;
