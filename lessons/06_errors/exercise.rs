//! 06 - exercise: what came, what did not, and why.
//!
//! Check it with `cargo workbook check 06`; run it with
//! `cargo run --example 06_errors_exercise`.

use anyhow::Result;
use async_workbook::web;
use reqwest::{Client, StatusCode};
use serde::Deserialize;
use std::error::Error;
use std::fmt;
use std::time::Duration;
use tokio::time::Instant;

/// How long one URL may take, from the connection to the last byte of the answer.
const DEADLINE: Duration = Duration::from_millis(500);

/// What `/api/weather/CITY` answers.
#[derive(Debug, Deserialize)]
struct Weather {
    city: String,
    celsius: i32,
}

/// Why there is no weather from a URL. (The last four may carry another error than
/// reqwest's, if you have a better one.)
#[derive(Debug)]
enum FetchError {
    /// The status is 404.
    NotFound,
    /// The status is another one from 400 to 599.
    Status(StatusCode),
    /// The answer is there, but it is not the JSON of a `Weather`.
    NotJson(reqwest::Error),
    /// The answer is not there within `DEADLINE`, or there is no connection within
    /// the client's own time limit for that.
    TooSlow(reqwest::Error),
    /// Nobody listens there.
    Refused(reqwest::Error),
    /// Anything else: a text that is no URL, a connection that is closed without an
    /// answer.
    Other(reqwest::Error),
}

/// Says what happened, and not what the error that it carries says: that is for
/// `source` to give.
impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => write!(f, "not found"),
            Self::Status(status) => write!(f, "the status is {status}"),
            Self::NotJson(error) => write!(f, "not the JSON of a weather: {error}"),
            Self::TooSlow(error) => write!(f, "no answer in time: {error}"),
            Self::Refused(error) => write!(f, "nobody listens there: {error}"),
            Self::Other(error) => write!(f, "not fetched: {error}"),
        }
    }
}

/// Its `source` is the error that it carries.
impl Error for FetchError {}

impl From<reqwest::Error> for FetchError {
    fn from(error: reqwest::Error) -> Self {
        match error.status() {
            Some(StatusCode::NOT_FOUND) => Self::NotFound,
            Some(status) => Self::Status(status),
            // Can more than one of these be true of an error?
            None if error.is_decode() => Self::NotJson(error),
            None if error.is_connect() => Self::Refused(error),
            None if error.is_timeout() => Self::TooSlow(error),
            None => Self::Other(error),
        }
    }
}

/// The weather that one URL answers within `DEADLINE`.
async fn fetch(client: &Client, url: &str) -> Result<Weather, FetchError> {
    let response = client.get(url).send().await?;
    Ok(response.error_for_status()?.json().await?)
}

/// What came, and what did not, each in the order of the URLs.
#[derive(Debug, Default)]
struct Report {
    answers: Vec<Weather>,
    /// Each with its URL.
    failures: Vec<(String, FetchError)>,
}

/// Asks all URLs at the same time. One that fails takes no other with it. When
/// this future is dropped half-way, all requests are given up: nothing goes on.
async fn fetch_all(client: &Client, urls: &[String]) -> Report {
    let mut report = Report::default();
    for url in urls {
        match fetch(client, url).await {
            Ok(answer) => report.answers.push(answer),
            Err(error) => todo!("this goes into the report: {error}"),
        }
    }
    report
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let server = web::Server::start().await?;
    let client =
        Client::builder().no_proxy().connect_timeout(DEADLINE / 2).build()?;
    let urls = [
        server.url("/api/weather/Lisbon"),
        server.url("/api/weather/Atlantis"),
        server.url("/api/weather/Oslo?delay=5000"),
        server.url("/api/weather/Oslo?status=503"),
        server.url("/api/weather/Helsinki"),
        server.url("/broken.json"),
        server.refused_url()?,
    ];

    let start = Instant::now();
    let report = fetch_all(&client, &urls).await;
    let took = start.elapsed().as_millis();
    for Weather { city, celsius } in &report.answers {
        println!("{city}: {celsius} degrees");
    }
    for (url, error) in &report.failures {
        println!("{url}: {error}");
        let mut cause = error.source();
        while let Some(error) = cause {
            println!("  {error}");
            cause = error.source();
        }
    }
    println!("{took} ms");
    Ok(())
}

#[cfg(test)]
mod check;
