//! 13 - exercise: a request that is retried until a deadline.
//!
//! Check it with `cargo workbook check 13`; run it with
//! `cargo workbook run 13 --exercise`.

mod api;
mod random;

use std::time::Duration;

use anyhow::{Context, Result};
use reqwest::{Client, Method, Request};
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout_at};

use api::Api;
use random::Random;

/// The most that the first wait can be. It doubles with each retry, up to the `CAP`.
const BASE: Duration = Duration::from_millis(100);
const CAP: Duration = Duration::from_millis(1000);

/// Sends a request, and retries it until it succeeds. Returns the JSON of the
/// response, whose status is from 200 to 299.
///
/// - Retries only these failures, and no others, with the same request each time:
///   - of every method: the connection was refused; the status is 408 or 429;
///   - of methods that may be repeated (only `Method::is_idempotent` decides): the
///     connection broke, before the response or within it; the status is 500, 502,
///     503 or 504.
/// - Sends the first request at once. Before each retry it waits, from the failure,
///   for a random time, `random.up_to(limit)`, and does not wake up before that.
///   The limit is `BASE` before the first retry; it doubles with each random wait,
///   and is at most `CAP`.
/// - Each status that is retried may come with the header `Retry-After: N`. Then it
///   waits for N seconds instead, even for 0. If N is not a whole number, the header
///   is ignored. A wait of N seconds may double the limit, too, but does not make it
///   smaller.
/// - All attempts and waits end at the `deadline`. Nothing else limits them. A wait
///   that would end then or later need not begin; any other wait does. If `send` is
///   dropped, its request and its waits end.
/// - Any other failure is returned at once. If it fails, its error is that of the
///   last attempt that failed, with its status if there is one, and no other. An
///   attempt that the deadline ends does not count; if there was no other, any error
///   will do.
async fn send(
    client: &Client,
    request: Request,
    deadline: Instant,
    random: &mut Random,
) -> Result<Value> {
    let _ = (CAP, random);
    loop {
        let again = request.try_clone().context("a stream cannot be sent again")?;
        let attempt = attempt(client, again);
        match timeout_at(deadline, attempt).await? {
            Ok(value) => return Ok(value),
            Err(_) => sleep(BASE).await,
        }
    }
}

/// Sends a request once.
async fn attempt(client: &Client, request: Request) -> reqwest::Result<Value> {
    client.execute(request).await?.error_for_status()?.json().await
}

/// Sends requests to an API that fails, and prints how often and how long it tried.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let api = Api::start().await?;
    let client = Client::builder().no_proxy().build()?;
    for (method, path) in [
        (Method::GET, "/503/503/200"),
        (Method::GET, "/503"),
        (Method::GET, "/429+1/200"),
        (Method::GET, "/404"),
        (Method::POST, "/closed/200"),
        (Method::GET, "/503/stuck"),
    ] {
        api.reset();
        let start = Instant::now();
        let request = client.request(method.clone(), api.url(path)).build()?;
        let deadline = start + Duration::from_millis(2000);
        let result = send(&client, request, deadline, &mut Random::new(7)).await;
        let millis = start.elapsed().as_millis();
        let sent = api.log().requests.len();
        print!("{method} {path}: {sent} sent, {millis} ms, ");
        match result {
            Ok(value) => println!("{value}"),
            Err(error) => println!("error: {}", error.root_cause()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod check;
