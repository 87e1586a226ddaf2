//! A typed error, for a caller who has to decide something.

use reqwest::{Client, StatusCode};
use std::time::Duration;

// ANCHOR: failure
/// What a caller needs to know of a failed request: is it worth another try?
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
            // Before the others: when `connect_timeout` is up, or when the time is
            // up while a body is read, two of these are true.
            Self::TooSlow
        } else if error.is_decode() {
            Self::NotJson
        } else if error.is_connect() {
            Self::Refused
        } else {
            Self::Other
        }
    }
}

impl Failure {
    pub fn worth_another_try(&self) -> bool {
        matches!(self, Self::TooSlow | Self::Refused)
    }
}

/// Fetches JSON; the `?` turns reqwest's error into ours by `From`.
pub async fn get_json(
    client: &Client,
    url: String,
) -> Result<serde_json::Value, Failure> {
    let response =
        client.get(url).timeout(Duration::from_millis(500)).send().await?;
    Ok(response.error_for_status()?.json().await?)
}
// ANCHOR_END: failure
