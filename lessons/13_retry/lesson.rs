//! 13 - Retry: how long will I really wait?
//!
//! Retries a request with and without a deadline, spreads the retries of a hundred
//! clients, decides for nine failures whether to retry, and counts what the server
//! sees.
//!
//! Run it with `cargo run --example 13_retry`, or give up at another time:
//! `cargo run --example 13_retry -- --deadline 2000`.

mod api;
mod random;

use std::collections::HashMap;
use std::time::Duration;

use anyhow::Result;
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, Method, Request, Response};
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tracing::{Instrument, info_span, instrument};

use api::Api;
use async_workbook::{args, timeline};
use random::Random;

const MS: Duration = Duration::from_millis(1);

// ANCHOR: backoff
const BASE: Duration = Duration::from_millis(100);
const CAP: Duration = Duration::from_millis(800);

/// The wait before a retry, counted from 0: 100, 200, 400 ms, and then always 800.
fn backoff(retry: u32) -> Duration {
    CAP.min(BASE * 2_u32.saturating_pow(retry))
}
// ANCHOR_END: backoff

#[instrument(skip_all, ret)]
async fn get(client: &Client, url: &str) -> reqwest::Result<Response> {
    client.get(url).send().await
}

// ANCHOR: attempts
/// Gives each of five attempts 400 ms.
async fn five_attempts(client: &Client, url: &str) -> Result<Response> {
    let mut retry = 0;
    loop {
        let attempt = timeout(400 * MS, get(client, url)).await;
        match attempt {
            Ok(Ok(response)) => return Ok(response),
            Ok(Err(error)) if retry == 4 => return Err(error.into()),
            Err(elapsed) if retry == 4 => return Err(elapsed.into()),
            _ => sleep(backoff(retry)).await,
        }
        retry += 1;
    }
}
// ANCHOR_END: attempts

// ANCHOR: deadline
/// Gives all attempts together until the deadline.
async fn until(
    deadline: Instant,
    attempts: impl Future<Output = Result<Response>>,
) -> Result<Response> {
    timeout_at(deadline, attempts).await?
}
// ANCHOR_END: deadline

/// Prints how many attempts it took to give up, and after how long.
async fn gave_up(
    what: &'static str,
    api: &Api,
    attempts: impl Future<Output = Result<Response>>,
) {
    api.reset();
    let start = Instant::now();
    let _ = attempts.instrument(info_span!("", message = what)).await;
    let took = start.elapsed().as_millis();
    let attempts = api.log().requests.len();
    println!("  {what:<23}  {attempts} sent, gave up after {took:>4} ms");
}

// ANCHOR: herd
/// The wait before a retry, without jitter or with it.
type Wait = fn(u32, &mut Random) -> Duration;

const NO_JITTER: Wait = |retry, _| backoff(retry);
const SOME_JITTER: Wait = |retry, random| {
    let backoff = backoff(retry);
    backoff + random.up_to(backoff / 10)
};
const FULL_JITTER: Wait = |retry, random| random.up_to(backoff(retry));

/// Plans four retries of 100 clients that fail at the same time. Returns the most
/// retries in the same millisecond.
fn herd(wait: Wait) -> usize {
    let mut retries = HashMap::<_, usize>::new();
    for seed in 0..100 {
        let mut random = Random::new(seed);
        let mut time = Duration::ZERO;
        for retry in 0..4 {
            time += wait(retry, &mut random);
            *retries.entry(time.as_millis()).or_default() += 1;
        }
    }
    retries.into_values().max().unwrap_or(0)
}
// ANCHOR_END: herd

// ANCHOR: attempt
/// A failed attempt, and the wait that the server requires before the next one.
struct Failure {
    error: reqwest::Error,
    retry_after: Option<Duration>,
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        Self { error, retry_after: None }
    }
}

/// Sends a request once.
async fn attempt(client: &Client, request: Request) -> Result<Value, Failure> {
    let response = client.execute(request).await?;
    let retry_after = retry_after(&response);
    match response.error_for_status() {
        Ok(response) => Ok(response.json().await?),
        Err(error) => Err(Failure { error, retry_after }),
    }
}

/// Reads the header `Retry-After`, if it is in seconds. (It may also be a date.)
fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    Some(Duration::from_secs(seconds.parse().ok()?))
}
// ANCHOR_END: attempt

// ANCHOR: may_retry
/// Decides whether another attempt can help, and can do no harm.
fn may_retry(method: &Method, error: &reqwest::Error) -> bool {
    let status = error.status().map(|status| status.as_u16());
    match status {
        // The server reports that it has not handled the request.
        Some(408 | 429) => true,
        // It may have handled it.
        Some(500 | 502 | 503 | 504) => method.is_idempotent(),
        // It would respond the same again.
        Some(_) => false,
        // The request was not sent.
        None if error.is_connect() => true,
        None if is_not_json(error) => false,
        // The connection broke, perhaps after the server had handled the request.
        None => method.is_idempotent(),
    }
}

/// `is_decode` is also true if the connection breaks within the body.
fn is_not_json(error: &reqwest::Error) -> bool {
    let source = std::error::Error::source(error);
    source.is_some_and(|source| source.is::<serde_json::Error>())
}
// ANCHOR_END: may_retry

// ANCHOR: twice
/// Sends a request, and a second time if it fails and `may_retry` allows it.
async fn twice(
    client: &Client,
    request: Request,
    may_retry: fn(&Method, &reqwest::Error) -> bool,
) -> Result<Value, Failure> {
    // A body that is a stream can be sent only once: then there is no clone.
    let again = request.try_clone();
    match (attempt(client, request).await, again) {
        (Err(failure), Some(again)) if may_retry(again.method(), &failure.error) => {
            sleep(failure.retry_after.unwrap_or(backoff(0))).await;
            attempt(client, again).await
        }
        (result, _) => result,
    }
}
// ANCHOR_END: twice

/// Prints when a request that fails is retried: by GET, and by POST.
async fn row(what: &str, client: &Client, url: String) -> Result<()> {
    let retried = async |method: Method| {
        // One path each: a path counts its requests.
        let url = format!("{url}?{method}");
        let request = client.request(method, url).build()?;
        let start = Instant::now();
        let _ = twice(client, request, may_retry).await;
        let millis = start.elapsed().as_millis() / 100 * 100;
        let retried = format!("after {millis} ms");
        anyhow::Ok(if millis == 0 { "no".to_owned() } else { retried })
    };
    let (get, post) = (retried(Method::GET).await?, retried(Method::POST).await?);
    println!("{what:<20}  {get:<14}  {post}");
    Ok(())
}

/// Prints how often a POST was sent whose response is lost, and what came of it.
async fn lost_response(
    what: &str,
    client: &Client,
    api: &Api,
    key: Option<&str>,
    may_retry: fn(&Method, &reqwest::Error) -> bool,
) -> Result<()> {
    api.reset();
    let mut request = client.post(api.url("/closed/200"));
    if let Some(key) = key {
        request = request.header("Idempotency-Key", key);
    }
    let result = twice(client, request.build()?, may_retry).await;
    let log = api.log();
    let (posts, orders) = (log.requests.len(), log.orders);
    let end = if result.is_ok() { "Ok" } else { "Err" };
    println!("  {what:<19}  POSTs: {posts}, orders: {orders}, {end}");
    if let Err(Failure { error, .. }) = result {
        let error = anyhow::Error::from(error);
        println!("  the error: {}", error.root_cause());
    }
    Ok(())
}

// ANCHOR: clients
async fn client_per_request(url: &str) -> Result<()> {
    for _ in 0..20 {
        let client = Client::builder().no_proxy().build()?;
        get(&client, url).await?;
    }
    Ok(())
}

async fn one_client(client: &Client, url: &str) -> Result<()> {
    for _ in 0..20 {
        get(client, url).await?;
    }
    Ok(())
}
// ANCHOR_END: clients

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let limit =
        args::number("--deadline MS", 1000, 1..=10_000, "milliseconds")? * MS;
    let timeline = timeline::start().await;
    let api = Api::start().await?;
    let client = Client::builder().no_proxy().build()?;

    println!("a server that does not respond");
    let stuck = &*api.url("/stuck");
    gave_up("400 ms for each attempt", &api, five_attempts(&client, stuck)).await;
    let attempts = five_attempts(&client, stuck);
    let all = until(Instant::now() + limit, attempts);
    gave_up("one deadline for all", &api, all).await;

    println!("\n100 clients fail at once: most retries in one ms");
    println!("  backoff:              {:>3}", herd(NO_JITTER));
    println!("  backoff + up to 10 %: {:>3}", herd(SOME_JITTER));
    println!("  full jitter:          {:>3}", herd(FULL_JITTER));

    println!("\nfailure               GET             POST");
    row("connection refused", &client, api.refused_url()?).await?;
    for (what, path) in [
        ("connection closed", "/closed/200"),
        ("connection reset", "/reset/200"),
        ("408", "/408/200"),
        ("429, Retry-After: 2", "/429+2/200"),
        ("500", "/500/200"),
        ("503", "/503/200"),
        ("404", "/404/200"),
        ("200, but not JSON", "/broken/200"),
    ] {
        row(what, &client, api.url(path)).await?;
    }

    println!("\na POST whose response is lost");
    let always = |_: &Method, _: &reqwest::Error| true;
    lost_response("always retried", &client, &api, None, always).await?;
    lost_response("not retried", &client, &api, None, may_retry).await?;
    lost_response("retried with a key", &client, &api, Some("7"), always).await?;

    println!("\n20 requests");
    let url = &*api.url("/200");
    api.reset();
    client_per_request(url).await?;
    println!("  a client for each: {:>2} connections", api.log().connections);
    api.reset();
    one_client(&Client::builder().no_proxy().build()?, url).await?;
    println!("  one client:        {:>2} connection\n", api.log().connections);

    timeline.print();
    Ok(())
}
