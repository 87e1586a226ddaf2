//! Fetches the URLs given on the command line and prints one line for each.

use std::error::Error;
use std::time::Duration;

use anyhow::{Result, ensure};
use futures::future::join_all;
use reqwest::Client;

use async_workbook::web;

// ANCHOR: named
/// Fetches all URLs at once, then prints the outcome of each.
pub async fn fetch_all(
    client: &Client,
    urls: &[String],
    server: &web::Server,
) -> Result<()> {
    // Other servers may only be reachable through a proxy; this client uses
    // HTTP_PROXY.
    let outside = Client::builder().timeout(Duration::from_secs(10)).build()?;
    // A bare path, such as /page/7, is a page of the local server.
    let fetches = urls.iter().map(|url| match url.strip_prefix('/') {
        Some(_) => summarize(client, server.url(url)),
        None => summarize(&outside, url.clone()),
    });
    let results = join_all(fetches).await;
    for (url, result) in urls.iter().zip(&results) {
        match result {
            Ok(found) => println!("{url}: {found}"),
            Err(error) => println!("{url}: {}", explain(error)),
        }
    }
    let failed = results.iter().filter(|result| result.is_err()).count();
    ensure!(failed == 0, "{failed} of {} pages could not be fetched", urls.len());
    Ok(())
}

async fn summarize(client: &Client, url: String) -> reqwest::Result<String> {
    let response = client.get(url).send().await?.error_for_status()?;
    let status = response.status();
    let kind = response.headers().get("content-type");
    if kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json")) {
        let json: serde_json::Value = response.json().await?;
        return Ok(format!("{status}, JSON of {} bytes", json.to_string().len()));
    }
    Ok(format!("{status}, {} bytes", response.text().await?.len()))
}

/// Describes an error to the user who passed the URL.
fn explain(error: &reqwest::Error) -> String {
    if error.is_builder() {
        "not a URL that can be fetched; write it like https://example.org/"
            .to_owned()
    } else if error.is_timeout() {
        "no answer within 10 s".to_owned()
    } else if error.is_connect() {
        format!("no connection: {}", root_cause(error))
    } else if error.is_decode() {
        format!("claims to be JSON, but is not: {}", root_cause(error))
    } else if let Some(status) = error.status() {
        format!("the server answered {status}")
    } else {
        format!("failed: {}", root_cause(error))
    }
}

/// The innermost source of an error: the operating system's or the parser's message.
fn root_cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
// ANCHOR_END: named
