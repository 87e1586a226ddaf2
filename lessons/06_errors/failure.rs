//! A typed error for callers that decide by its kind.

use std::error::Error;
use std::time::Duration;

use reqwest::{Client, StatusCode};

// ANCHOR: failure
/// Classifies a failed request, so that a caller can decide whether to retry.
#[derive(Debug)]
pub enum Failure {
    NotFound,
    NotJson,
    TooSlow,
    Refused,
    Other,
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        if error.status() == Some(StatusCode::NOT_FOUND) {
            Self::NotFound
        } else if error.is_timeout() {
            // Must come before the others: a timeout while connecting is also
            // `is_connect`, and one while reading the body is also `is_decode`.
            Self::TooSlow
        } else if error
            .source()
            .is_some_and(|source| source.is::<serde_json::Error>())
        {
            // `is_decode` is also true for a truncated body.
            Self::NotJson
        } else if error.is_connect() {
            Self::Refused
        } else {
            Self::Other
        }
    }
}

impl Failure {
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::TooSlow | Self::Refused)
    }
}

/// Fetches JSON; `?` converts reqwest's error into ours with `From`.
pub async fn get_json(
    client: &Client,
    url: String,
) -> Result<serde_json::Value, Failure> {
    let response =
        client.get(url).timeout(Duration::from_millis(500)).send().await?;
    Ok(response.error_for_status()?.json().await?)
}
// ANCHOR_END: failure
