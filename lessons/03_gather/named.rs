//! Fetches the URLs given on the command line and prints one line for each.

use std::time::Duration;

use anyhow::{Error, Result, ensure};
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

/// The most bytes of a page that are read: a server may send gigabytes.
const MAX_BYTES: usize = 10_000_000;

async fn summarize(client: &Client, url: String) -> Result<String> {
    let mut response = client.get(url).send().await?.error_for_status()?;
    let status = response.status();
    let kind = response.headers().get("content-type");
    let is_json =
        kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
        ensure!(body.len() <= MAX_BYTES, "longer than {MAX_BYTES} bytes, the limit");
    }
    if is_json {
        serde_json::from_slice::<serde_json::Value>(&body)?;
        return Ok(format!("{status}, JSON of {} bytes", body.len()));
    }
    Ok(format!("{status}, {} bytes", body.len()))
}

/// Describes an error to the user who passed the URL.
fn explain(error: &Error) -> String {
    // The operating system's or the parser's message.
    let cause = error.root_cause();
    if error.is::<serde_json::Error>() {
        return format!("invalid JSON: {cause}");
    }
    let Some(error) = error.downcast_ref::<reqwest::Error>() else {
        return error.to_string();
    };
    if error.is_builder() {
        "not a URL that can be fetched; write it like https://example.org/"
            .to_owned()
    } else if error.is_timeout() {
        "timed out after 10 s".to_owned()
    } else if cause.to_string().starts_with("invalid peer certificate") {
        "its certificate is not trusted".to_owned()
    } else if error.is_connect() {
        format!("no connection: {cause}")
    } else if error.is_decode() {
        format!("the connection closed before the response was complete: {cause}")
    } else if let Some(status) = error.status() {
        format!("the server responded with {status}")
    } else {
        format!("failed: {cause}")
    }
}
// ANCHOR_END: named
