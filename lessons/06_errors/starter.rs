//! 06 - exercise: a report of answers and failures.
//!
//! Check it with `cargo workbook check 06`; run it with
//! `cargo workbook run 06 --exercise`.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use anyhow::Result;
use reqwest::{Client, StatusCode};
use serde::Deserialize;
use tokio::time::Instant;

use async_workbook::web;

/// The time limit for one URL, from connecting to the last byte of the response.
const DEADLINE: Duration = Duration::from_millis(500);

/// The response from `/api/weather/CITY`.
#[derive(Debug, Deserialize)]
struct Weather {
    city: String,
    celsius: i32,
}

/// The reason why a URL gave no weather. (The last four may wrap an error of another
/// type than reqwest's, if you have a better one.)
#[derive(Debug)]
enum FetchError {
    /// The status is 404.
    NotFound,
    /// The status is any other from 400 to 599.
    Status(StatusCode),
    /// The body is not the JSON of a `Weather`. (If it is cut off: this or `Other`.)
    NotJson(reqwest::Error),
    /// The response did not arrive within `DEADLINE`, or the client's own connect
    /// timeout expired.
    TooSlow(reqwest::Error),
    /// The connection was refused.
    Refused(reqwest::Error),
    /// Anything else: an invalid URL, or a connection closed without a response.
    Other(reqwest::Error),
}

/// Describes what happened, differently for each kind, and without the text of the
/// inner error, which `source` returns.
impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => write!(f, "not found"),
            Self::Status(status) => write!(f, "the server responded with {status}"),
            Self::NotJson(_) => write!(f, "not valid weather JSON"),
            Self::TooSlow(_) => write!(f, "timed out"),
            Self::Refused(_) => write!(f, "connection refused"),
            Self::Other(_) => write!(f, "request failed"),
        }
    }
}

/// Its `source` is the error that it carries.
impl Error for FetchError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NotFound | Self::Status(_) => None,
            Self::NotJson(error)
            | Self::TooSlow(error)
            | Self::Refused(error)
            | Self::Other(error) => Some(error),
        }
    }
}

impl From<reqwest::Error> for FetchError {
    fn from(error: reqwest::Error) -> Self {
        match error.status() {
            Some(StatusCode::NOT_FOUND) => Self::NotFound,
            Some(status) => Self::Status(status),
            // Can more than one of these be true for the same error?
            None if error.is_decode() => Self::NotJson(error),
            None if error.is_connect() => Self::Refused(error),
            None if error.is_timeout() => Self::TooSlow(error),
            None => Self::Other(error),
        }
    }
}

/// Fetches the weather from one URL within `DEADLINE`, with one request. A response
/// whose status is not from 400 to 599 is judged by its body.
async fn fetch(client: &Client, url: &str) -> Result<Weather, FetchError> {
    let response = client.get(url).send().await?;
    Ok(response.error_for_status()?.json().await?)
}

/// The answers and the failures of one call, each in the order of the URLs.
#[derive(Debug, Default)]
struct Report {
    answers: Vec<Weather>,
    /// Each failure with its URL as it is in the list.
    failures: Vec<(String, FetchError)>,
}

/// Fetches all URLs at the same time, each as often as it is in the list. One
/// failure does not affect the other requests. Dropping this future halfway cancels
/// all of them at once.
async fn fetch_all(client: &Client, urls: &[String]) -> Report {
    let mut report = Report::default();
    for url in urls {
        match fetch(client, url).await {
            Ok(answer) => report.answers.push(answer),
            Err(error) => todo!("put the failure into the report: {error}"),
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
