//! 13 - solution: a request that is retried until a deadline.

mod api;
mod random;

use std::error::Error;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, Method, Request, Response};
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
    let mut retry = 0;
    let mut last = None;
    loop {
        let again = request.try_clone().context("a stream cannot be sent again")?;
        let attempt = timeout_at(deadline, attempt(client, again)).await;
        let (error, retry_after) = match attempt {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(failure)) => failure,
            Err(elapsed) => return Err(last.unwrap_or(elapsed.into())),
        };
        let limit = CAP.min(BASE * 2_u32.saturating_pow(retry));
        let wait = retry_after.unwrap_or_else(|| random.up_to(limit));
        let is_late = wait >= deadline.saturating_duration_since(Instant::now());
        if is_late || !may_retry(request.method(), &error) {
            return Err(error);
        }
        sleep(wait).await;
        last = Some(error);
        retry += 1;
    }
}

/// Sends a request once. A failure comes with the time of `Retry-After`.
async fn attempt(
    client: &Client,
    request: Request,
) -> Result<Value, (anyhow::Error, Option<Duration>)> {
    let response = client.execute(request).await.map_err(|e| (e.into(), None))?;
    let retry_after = retry_after(&response);
    let response = response.error_for_status();
    let response = response.map_err(|e| (e.into(), retry_after))?;
    // Below 400 no status is an error for reqwest.
    let status = response.status();
    if !status.is_success() {
        return Err((anyhow!("the status is {status}"), None));
    }
    response.json().await.map_err(|e| (e.into(), None))
}

fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    Some(Duration::from_secs(seconds.parse().ok()?))
}

fn may_retry(method: &Method, error: &anyhow::Error) -> bool {
    let Some(error) = error.downcast_ref::<reqwest::Error>() else { return false };
    let is_json = |source: &(dyn Error + 'static)| source.is::<serde_json::Error>();
    match error.status().map(|status| status.as_u16()) {
        Some(408 | 429) => true,
        Some(500 | 502 | 503 | 504) => method.is_idempotent(),
        Some(_) => false,
        None if error.is_connect() => true,
        None if error.source().is_some_and(is_json) => false,
        None => method.is_idempotent(),
    }
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
