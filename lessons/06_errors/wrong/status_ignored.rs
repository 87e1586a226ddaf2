//! Wrong: an answer with an error status is taken for an answer.

use futures::future::join_all;
use reqwest::{Client, StatusCode};
use serde::Deserialize;
use std::error::Error;
use std::fmt;
use std::time::Duration;

/// How long one URL may take, from the connection to the last byte of the answer.
const DEADLINE: Duration = Duration::from_millis(500);

/// What `/api/weather/CITY` answers.
#[derive(Debug, Deserialize)]
struct Weather {
    city: String,
    celsius: i32,
}

/// Why there is no weather from a URL.
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
            Self::NotJson(_) => write!(f, "not the JSON of a weather"),
            Self::TooSlow(_) => write!(f, "no answer in time"),
            Self::Refused(_) => write!(f, "nobody listens there"),
            Self::Other(_) => write!(f, "not fetched"),
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
            // First of all: the time can be up while a connection is made, or
            // while a body is read and decoded.
            None if error.is_timeout() => Self::TooSlow(error),
            None if error.is_connect() => Self::Refused(error),
            None if error.is_decode() => Self::NotJson(error),
            None => Self::Other(error),
        }
    }
}

/// The weather that one URL answers within `DEADLINE`.
async fn fetch(client: &Client, url: &str) -> Result<Weather, FetchError> {
    let response = client.get(url).timeout(DEADLINE).send().await?;
    Ok(response.json().await?)
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
    let fetches = urls.iter().map(|url| fetch(client, url));
    let results = join_all(fetches).await;
    let mut report = Report::default();
    for (url, result) in urls.iter().zip(results) {
        match result {
            Ok(answer) => report.answers.push(answer),
            Err(error) => report.failures.push((url.clone(), error)),
        }
    }
    report
}

#[cfg(test)]
#[path = "../check.rs"]
mod check;
