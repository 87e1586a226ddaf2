//! The check of exercise 13.
//!
//! The API runs on the same paused clock as the code under test, so the time of each
//! request is exact. Waits are random: each is compared with its limit, and hundreds of
//! them with their distribution, within bounds that a right answer exceeds in fewer
//! than one of a million runs.

use std::cell::RefCell;
use std::error::Error;
use std::future::poll_fn;
use std::io;
use std::task::Poll;
use std::time::Duration;

use anyhow::Result;
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Client, Method, StatusCode};
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::api::{Api, Log};
use super::random::Random;
use super::send;
use async_workbook::check::{self, Diagnosis, Explain, Rng, Run};
use async_workbook::text;

const MS: Duration = Duration::from_millis(1);

/// The limits of the waits, in milliseconds. The last one is that of all later waits.
const LIMITS: [u64; 7] = [100, 200, 400, 800, 1000, 1000, 1000];

/// More polls and more requests than there are in the same millisecond, unless the
/// code under test does not wait, or blocks the thread and so stops the clock.
const MANY_POLLS: usize = 200;
const MANY_REQUESTS: usize = 5;

/// More retries than any limit that code might set. This many doublings overflow.
const MANY: usize = 130;

#[test]
fn check() -> check::Verdict {
    let mut exercise = check::Exercise::new();
    // Waits whose limit is `CAP`.
    let capped = RefCell::default();
    let title = "it retries until it succeeds, with the given client";
    exercise.check(title, || succeeds(&capped));
    exercise.check("it retries what may be retried, and nothing else", selective);
    let title = "before each retry it waits for a random time";
    exercise.check(title, || waits(&capped));
    exercise.check("`Retry-After` sets the wait", retry_after);
    exercise.check("one deadline covers all attempts and waits", punctual);
    exercise.check("its error is that of the last attempt that failed", last_error);
    exercise.verdict()
}

struct Site {
    rng: Rng,
    api: Api,
    client: Client,
    /// The value of a header that only this client adds.
    id: String,
    /// The query of each URL: the same calls have the same URL.
    name: String,
}

/// The outcome of one call to `send`.
struct Sent {
    what: String,
    name: String,
    result: Result<Value>,
    /// The milliseconds from the call to each request.
    times: Vec<u64>,
    /// The milliseconds from the call to its return.
    millis: u64,
    run: Run<()>,
}

impl Site {
    async fn start() -> Result<Self> {
        let (rng, api) = (check::rng(), Api::start().await?);
        // A status in the URL, which is in the text of each error of reqwest.
        let (id, name) = (rng.word(), rng.word() + "503");
        let mut headers = HeaderMap::new();
        headers.insert("x-client", HeaderValue::from_str(&id)?);
        let client = check::client().default_headers(headers).build()?;
        Ok(Self { rng, api, client, id, name })
    }

    fn seed(&self) -> u64 {
        self.rng.number(usize::MAX) as u64
    }

    fn random(&self) -> Random {
        Random::new(self.seed())
    }

    async fn get(&self, path: &str, timeout: u64) -> Result<Sent> {
        self.send(Method::GET, path, timeout, &mut self.random()).await
    }

    /// Calls `send` with a deadline after `timeout` milliseconds. The path `refused` is
    /// the URL of another server.
    async fn send(
        &self,
        method: Method,
        path: &str,
        timeout: u64,
        random: &mut Random,
    ) -> Result<Sent> {
        self.api.reset();
        let name = self.name.clone();
        let shown = path.replace(&"/503".repeat(MANY), "/503/503/503/..");
        let what = format!("{method} {shown}");
        let url = match path {
            "refused" => self.api.refused_url()?,
            path => self.api.url(&format!("{path}?{name}")),
        };
        let mut request = self.client.request(method.clone(), url);
        let mut content = format!("{method}, x-client: {}", self.id);
        if method != Method::GET {
            request = request.header("x-request", &name).body(format!("{name}!"));
            content += &format!(", x-request: {name}");
        }
        // A key makes no difference: none of these is repeated.
        if !method.is_idempotent() && path.starts_with("/50") {
            request = request.header("idempotency-key", &name);
            content += &format!(", idempotency-key: {name}");
        }
        if method != Method::GET {
            content += &format!(", body {name}!");
        }
        let request = request.build()?;
        let start = Instant::now();
        let deadline = start + Duration::from_millis(timeout);
        let (mut now, mut polls, mut sent) = (start, 0, 0);
        let hurried = poll_fn(|_| {
            let requests = self.api.count();
            if now != Instant::now() {
                (now, polls, sent) = (Instant::now(), 0, requests);
            }
            polls += 1;
            match polls > MANY_POLLS || requests > sent + MANY_REQUESTS {
                true => Poll::Ready(requests - sent),
                false => Poll::Pending,
            }
        });
        let sending = check::caught(send(&self.client, request, deadline, random));
        let sending = async {
            tokio::select! {
                biased;
                sent = hurried => Err(sent),
                result = timeout_at(deadline + 60_000 * MS, sending) => Ok(result),
            }
        };
        let (result, run) = check::run(&what, sending).await.split();
        run.never_blocked()?;
        let result = result.map_err(|sent| {
            let requests = text::count(sent as u64, "request");
            let advice = match sent {
                0 | 1 => "Await what you wait for: a `sleep`, or the response.",
                _ => "Await a `sleep` between two attempts.",
            };
            Diagnosis::new(format!(
                "{what}: it sent {requests}, and was polled again and again, while no time \
                 passed. {advice}"
            ))
        })?;
        let words = format!("{what}: it was not done a minute after its deadline.");
        let result = result.map_err(|_elapsed| Diagnosis::new(words));
        let result = result
            .map_err(Into::into)
            .when(
                path.ends_with("stalled"),
                "Half of the body had arrived. The deadline covers the body, too.",
            )
            .when(
                path.ends_with("stuck"),
                "The server does not respond. The deadline ends an attempt, too.",
            )?;
        let result = result.because([format!("This happened with {what}.")])?;
        let log = self.api.log();
        let since = |at: Instant| (at - start).as_millis() as u64;
        let times: Vec<_> = log.requests.iter().map(|r| since(r.at)).collect();
        let count = times.len();
        // The API does not see attempts that are refused.
        let words = format!(
            "{what}: the thread woke up {} times in {timeout} ms, expected at most 100: \
             with waits that double, there are few attempts.",
            run.parks
        );
        check::that(path != "refused" || run.parks <= 100, words)?;
        let requests = text::count(count as u64, "request");
        run.few_wakeups(100 + 12 * count as u64, &requests)?;
        for request in &log.requests {
            let words = format!(
                "{what}: a request was `{}`, expected `{content}`.",
                request.content
            );
            check::that(request.content == content, words).when(
                !request.content.contains(&self.id),
                "The client that `send` gets adds this `x-client` to each request.",
            )?;
        }
        self.all_ended(&format!("{what}: after it had returned"), &log).await?;
        let millis = run.took.as_millis() as u64;
        Ok(Sent { what, name, result, times, millis, run })
    }

    async fn all_ended(&self, when: &str, log: &Log) -> Result<()> {
        sleep(2 * MS).await; // lets aborted tasks go away
        let running = self.api.log().running;
        sleep(6000 * MS).await;
        let more = self.api.count() - log.requests.len();
        let words = format!(
            "{when}, requests went on: {running} running, {more} more sent."
        );
        check::that(running + more == 0, words).because([check::OWNED_BY_RUNTIME])
    }
}

impl Sent {
    fn that(&self, holds: bool, words: impl AsRef<str>) -> Result<()> {
        self.run.that(holds, format!("{}: {}", self.what, words.as_ref()))
    }

    /// Describes how it ended.
    fn end(&self) -> String {
        let end = match &self.result {
            Ok(value) => value.to_string(),
            Err(error) => format!("the error {:?}", describe(error)),
        };
        format!("{end} after {}", text::millis(self.millis))
    }

    /// Checks the number of requests, and whether it succeeded with the last one.
    fn sent(&self, expected: usize, succeeds: bool) -> Result<()> {
        let (sent, end) = (self.times.len(), self.end());
        let requests = text::count(sent as u64, "request");
        let words =
            format!("it sent {requests}, expected {expected}. The result is {end}.");
        self.that(sent == expected, words)?;
        let first = self.times.first().map_or(0, |first| *first);
        let words =
            format!("the first request came after {first} ms, expected 0 ms.");
        self.that(first <= 1, words)?;
        let right = match &self.result {
            Ok(value) => {
                succeeds && value["name"] == *self.name && value["order"] == sent
            }
            Err(_) => !succeeds,
        };
        let expected =
            if succeeds { "the JSON of the response" } else { "an error" };
        self.that(right, format!("the result is {end}, expected {expected}."))
    }

    fn waits(&self) -> Vec<u64> {
        self.times.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }
}

/// Returns the status of an error of reqwest.
fn status_of(cause: &(dyn Error + 'static)) -> Option<String> {
    let status = cause.downcast_ref().and_then(reqwest::Error::status)?;
    Some(status.as_str().to_owned())
}

/// Describes an error without its URL, whose port is different in each run.
fn describe(error: &anyhow::Error) -> String {
    let root = error.root_cause();
    let io = root.downcast_ref::<io::Error>().map(|io| io.kind().to_string());
    status_of(root)
        .map(|status| format!("status {status}"))
        .or(io)
        .unwrap_or_else(|| root.to_string())
}

async fn succeeds(capped: &RefCell<Vec<u64>>) -> Result<()> {
    let site = Site::start().await?;
    for (path, timeout) in [
        ("/200", 1000),
        ("/201", 1000),
        ("/503/500/200", 2000),
        ("/429/502/504/408/200", 5000),
        (&format!("{}/200", "/503".repeat(MANY)), 300_000),
    ] {
        let sent = site.get(path, timeout).await?;
        let count = path.matches('/').count();
        let longest = sent.waits().into_iter().max().unwrap_or(0);
        let ended_early = sent.result.is_err() && count > MANY;
        sent.sent(count, true)
            .when(
                sent.result.is_ok() && sent.times.len() < count,
                "The first response had another status. For reqwest no status is an \
                 error, before `error_for_status`.",
            )
            .when(
                ended_early && longest <= 1001,
                format!(
                    "Only the deadline may end it, which is after {}.",
                    text::millis(timeout)
                ),
            )
            .when(
                ended_early && longest > 1001,
                format!(
                    "It waited for up to {}: the limit keeps doubling, beyond `CAP`.",
                    text::millis(longest)
                ),
            )?;
        // A shift that wraps begins again with each 32nd retry.
        let waits = sent.waits();
        let before = waits.iter().take(32).max().unwrap_or(&0);
        let mut later = (32..waits.len()).filter(|n| n % 32 < 3);
        let again = later.all(|n| waits[n] <= LIMITS[n % 32] + 1);
        let words = format!(
            "it waited for up to {before} ms before the first 32 retries, and then, from \
             retries 33, 65 and 97 on, for at most 100, 200 and 400 ms: the limit began \
             again."
        );
        sent.that(waits.len() < MANY || *before <= 400 || !again, words)?;
        capped.replace(waits.into_iter().skip(LIMITS.len()).collect());
    }
    Ok(())
}

const UNHANDLED: &str = "The server has not handled it.";
const HANDLED: &str = "The server may have handled it.";
const AT_ONCE: &str = "A failure that is not retried is returned at once.";
const OTHER: &str = "This is a failure, and not one of those that are retried.";
const NO_ERROR: &str = "`error_for_status` accepts each status below 400.";
const HALF: &str = "The connection broke within the body.";

async fn selective() -> Result<()> {
    let site = Site::start().await?;
    for method in [Method::DELETE, Method::OPTIONS, Method::TRACE] {
        let random = &mut site.random();
        let repeated = format!("The method {method} may be repeated.");
        let sent = site.send(method, "/500/closed/200", 2000, random).await?;
        sent.sent(3, true).because([repeated])?;
    }
    for method in [Method::POST, Method::PATCH, Method::GET, Method::PUT] {
        for (failures, why) in [
            (&["408", "429"][..], UNHANDLED),
            (&["500", "502", "503", "504", "closed", "reset", "half"], HANDLED),
            (&["300", "400", "404+1", "409", "425", "501", "505", "broken"], OTHER),
        ] {
            let idempotent = method.is_idempotent();
            let again = why == UNHANDLED || why == HANDLED && idempotent;
            for failure in failures {
                let path = format!("/{failure}/200");
                let random = &mut site.random();
                let sent = site.send(method.clone(), &path, 2000, random).await?;
                let repeated = format!("The method {method} may be repeated.");
                sent.sent(1 + usize::from(again), again)
                    .when(*failure == "half", HALF)
                    .because([why])
                    .when(*failure == "300", NO_ERROR)
                    .when(why == HANDLED && idempotent, repeated)?;
                let words = format!("the result is {}.", sent.end());
                sent.that(again || sent.millis <= 1, words).because([AT_ONCE])?;
            }
        }
        let sent = site.send(method, "refused", 3000, &mut site.random()).await?;
        let words = format!(
            "the result is {}, expected attempts until the deadline after 3000 ms.",
            sent.end()
        );
        sent.that(sent.millis >= 2000, words).because([UNHANDLED])?;
    }
    Ok(())
}

async fn waits(capped: &RefCell<Vec<u64>>) -> Result<()> {
    let site = Site::start().await?;
    let path = "/closed/503/503/503/503/200";
    let mut calls = Vec::new();
    // All calls share one generator.
    let mut random = site.random();
    for _ in 0..24 {
        let sent = site.send(Method::GET, path, 60_000, &mut random).await?;
        sent.sent(path.matches('/').count(), true)?;
        calls.push(sent);
    }
    let waits: Vec<_> = calls.iter().map(Sent::waits).collect();
    let added = |waits: &Vec<u64>| waits.iter().zip(LIMITS).all(|(w, l)| *w >= l);
    let added = waits.iter().all(added);
    let doubled =
        |waits: &Vec<u64>| (0..).zip(waits).all(|(n, w)| *w <= (100 << n) + 1);
    let doubled = waits.iter().all(doubled);
    for (sent, waits) in calls.iter().zip(&waits) {
        for (retry, (wait, limit)) in (1..).zip(waits.iter().zip(LIMITS)) {
            let words = format!(
                "it waited for {wait} ms before retry {retry}, expected at most {limit} ms."
            );
            sent.that(*wait <= limit + 1, words)
                .when(doubled, "The limit keeps doubling, beyond `CAP`.")
                .when(
                    added,
                    "None of 120 waits is shorter than its limit: the random time was \
                     added to the backoff. Wait for the random time alone.",
                )?;
        }
    }

    let constant = waits.windows(2).all(|calls| calls[0] == calls[1]);
    for (retry, limit) in LIMITS.into_iter().take(waits[0].len()).enumerate() {
        let longest = waits.iter().map(|waits| waits[retry]).max().unwrap_or(0);
        let same = waits.iter().all(|waits| waits[retry] == longest);
        let what = format!("in 24 calls, the wait before retry {}", retry + 1);
        let words =
            format!("{what} was always {longest} ms, expected a random one.");
        check::that(!same, words)
            .when(constant, "All calls wait for the same times: there is no jitter.")
            .when(
                longest == limit && !constant,
                "The random time begins at 0, and not at `BASE`.",
            )?;
        let words = format!(
            "{what} was never longer than {longest} ms, expected times up to {limit} ms."
        );
        check::that(longest > limit / 2, words)?;
    }
    // Each wait as a part of its limit.
    let part = |(wait, limit): (&u64, u64)| *wait as f64 / limit as f64;
    let parts: Vec<Vec<f64>> = waits
        .iter()
        .map(|waits| waits.iter().zip(LIMITS).map(part).collect())
        .collect();
    let alike =
        parts.iter().all(|parts| parts.iter().all(|p| (p - parts[0]).abs() < 0.02));
    let words = "all waits of a call are the same part of their limit. Draw a random time \
                 for each wait.";
    check::that(!alike, words)?;
    let mut capped = capped.borrow().clone();
    capped.sort_unstable();
    // The check before this one reports a call that ended early.
    if let Some(longest) = capped.last() {
        let of = format!("of {} waits with the limit 1000 ms,", capped.len());
        let at_cap = capped.iter().filter(|wait| **wait >= 1000).count();
        let words = format!("{of} {at_cap} were 1000 ms or more.");
        let why = "`CAP` is for the limit, before the random time is drawn from it.";
        check::that(at_cap <= 5, words).because([why])?;
        let words = format!("{of} the longest was {longest} ms.");
        let why = "800 ms is the last limit below `CAP`. All later ones are `CAP`.";
        check::that(*longest > 880, words)
            .when((700..=801).contains(longest), why)?;
        let mut different = capped.clone();
        different.dedup();
        let words = format!(
            "{of} only {} were different. Wait for the whole time that \
             `random.up_to` returns.",
            different.len()
        );
        check::that(different.len() > capped.len() / 2, words)?;
    }
    let capped = capped.into_iter().map(|wait| part((&wait, 1000)));
    uniform(&parts.into_iter().flatten().chain(capped).collect::<Vec<_>>())?;

    let path = "/503@1000/503@1000/503@1000/503@1000/200";
    let sent = site.get(path, 60_000).await?;
    sent.sent(5, true)?;
    let longest = sent.waits().into_iter().max().unwrap_or(0);
    let words = format!(
        "each response takes 1000 ms, and the next request came within {longest} ms of \
         the one before, expected up to 1800 ms. A wait begins with the failure, and not \
         with the attempt."
    );
    sent.that(longest > 1001, words)?;

    let path = "/closed/503/503/503/503/200";
    let seed = site.seed();
    let mut times = Vec::new();
    for _ in 0..2 {
        let random = &mut Random::new(seed);
        times.push(site.send(Method::GET, path, 60_000, random).await?.times);
    }
    let words =
        "the same seed gave different waits. Take all random times from `random`.";
    check::that(times[0] == times[1], words)
}

/// Checks that times, each as a part of its maximum, have the uniform distribution.
///
/// Each bound is 5.5 standard deviations away from what is expected, which a right answer
/// exceeds in one of 26 million runs, or has a similar probability.
fn uniform(parts: &[f64]) -> Result<()> {
    let count = parts.len() as f64;
    let deviations = |variance: f64| 5.5 * (variance / count).sqrt();
    let what = format!("{} waits, each as a part of its limit", parts.len());
    let quarters = [0.0, 0.25, 0.5, 0.75].map(|from| {
        parts.iter().filter(|&&part| part >= from && part < from + 0.25).count()
    });
    let words = format!(
        "{what}, counted by quarter: {quarters:?}, expected about {:.0} in each.",
        count / 4.0
    );
    let from_half = quarters[..2] == [0, 0];
    let is_even = |quarter: &usize| {
        (*quarter as f64 / count - 0.25).abs() < deviations(0.25 * 0.75)
    };
    let uniform = "Each time from 0 to the limit is equally likely, as `random.up_to(limit)` \
                   returns it.";
    let half = "None was shorter than half of its limit. Full jitter begins at 0.";
    let why = if from_half { half } else { uniform };
    check::that(quarters.iter().all(is_even), words).because([why])?;
    let mean = parts.iter().sum::<f64>() / count;
    let words = format!("{what}: the mean is {mean:.2}, expected about 0.5.");
    check::that((mean - 0.5).abs() < deviations(1.0 / 12.0), words)
        .because([uniform])?;
    let variance =
        parts.iter().map(|part| (part - mean).powi(2)).sum::<f64>() / count;
    let words = format!(
        "{what}: the standard deviation is {:.2}, expected about 0.29.",
        variance.sqrt()
    );
    // The variance of a squared deviation is 1/80 - 1/144.
    check::that((variance - 1.0 / 12.0).abs() < deviations(1.0 / 180.0), words)
        .because([uniform])?;
    let longest = parts.iter().copied().fold(0.0, f64::max);
    let words = format!("{what}: the longest is {longest:.2}, expected almost 1.");
    check::that(longest.powf(count) > 1e-7, words).because([uniform])
}

async fn retry_after() -> Result<()> {
    let site = Site::start().await?;
    let seconds = site.rng.between(2..=5).unsigned_abs() as u64;
    let after = Some(seconds * 1000);
    let word = site.rng.word();
    let (words, resets) = (format!("/429+{word}"), "/429+1/503".repeat(10));
    let negative = format!("/429+-{seconds}");
    let (mixed, none) = ([1, 2, 1, 2].map(|n| Some(1000 * n)), [None; 3]);
    for (path, waits) in [
        ("/503/503/200".to_owned(), vec![None; 2]),
        (format!("/429+{seconds}/200"), vec![after]),
        (format!("/503+{seconds}/200"), vec![after]),
        (format!("/503/429+{seconds}/503/200"), vec![None, after, None]),
        // The wait begins with the failure.
        (format!("/503+{seconds}@60/200"), vec![after.map(|after| after + 60)]),
        ("/503+700/200".to_owned(), vec![Some(700_000)]),
        ("/408+1/500+2/502+1/504+2/200".to_owned(), mixed.to_vec()),
        ("/503/503/503/429+0/200".to_owned(), [&none[..], &[Some(0)]].concat()),
        (format!("{}/200", words.repeat(5)), vec![None; 5]),
        (format!("{}/200", negative.repeat(4)), vec![None; 4]),
        ("/429+NaN/429+é/200".to_owned(), vec![None; 2]),
        (format!("/429+{seconds}.5/429+{seconds}s/200"), vec![None; 2]),
        (
            format!("/503/503{resets}/200"),
            [&[None; 2][..], &[Some(1000), None].repeat(10)].concat(),
        ),
    ] {
        // A POST is retried after a 429, too.
        let method =
            if path.starts_with("/429") { Method::POST } else { Method::GET };
        let sent = site.send(method, &path, 900_000, &mut site.random()).await?;
        sent.sent(waits.len() + 1, true)?;
        let random = sent.waits().into_iter().zip(&waits);
        let random =
            random.filter(|(_, after)| after.is_none()).map(|(wait, _)| wait);
        let longest = random.max().unwrap_or(0);
        let words = format!("the longest random wait was {longest} ms.");
        let ignored = "`Retry-After` is ignored if N is not a whole number.";
        let all_ignored = path.starts_with("/429") && waits.len() >= 4;
        sent.that(!all_ignored || longest > 1, &words).because([ignored])?;
        sent.that(waits.len() < 20 || longest > 201, words)
            .because(["`Retry-After` does not make the limit smaller."])?;
        let expected = waits.into_iter().zip(LIMITS);
        for (retry, (wait, (after, limit))) in
            (1..).zip(sent.waits().into_iter().zip(expected))
        {
            let (right, expected) = match after {
                Some(after) => {
                    ((after..=after + 1).contains(&wait), format!("{after}"))
                }
                None => (wait <= limit + 1, format!("at most {limit}")),
            };
            let words = format!(
                "it waited for {wait} ms before retry {retry}, expected {expected} ms."
            );
            let after = after.unwrap_or(u64::MAX);
            sent.that(right, words)
                .when(wait == seconds && after < u64::MAX, "N is in seconds.")
                .when(
                    path.contains('@') && wait + 60 == after,
                    "The response came 60 ms after its request: the wait begins then.",
                )
                .when(after == u64::MAX && wait / 1000 == seconds, ignored)
                .when(
                    wait > after,
                    "`Retry-After` comes instead of the random wait.",
                )?;
        }
    }
    Ok(())
}

async fn punctual() -> Result<()> {
    let site = Site::start().await?;
    // The body of an error may be read, but a request for it must end, too.
    for path in [
        "/503",
        "/503@300",
        "/stuck",
        "/503/503/stuck",
        "/stalled",
        "/503stalled",
        "/503/429+5",
        "/503+10000000000000000000",
    ] {
        let timeout = site.rng.between(1500..=2500).unsigned_abs() as u64;
        let sent = site.get(path, timeout).await?;
        let (late, last) = (sent.millis > timeout + 1, sent.times.last().copied());
        let last = last.unwrap_or(0);
        let response = if path == "/503@300" { last + 300 } else { last };
        let words = format!(
            "the result is {}, expected an error by {timeout} ms.",
            sent.end()
        );
        let waits = path.ends_with("/stuck") || path == "/stalled";
        sent.that(sent.result.is_err() && !late, &words)
            .when(
                late && waits,
                "One deadline covers all attempts, and all of the response.",
            )
            .when(
                late && !waits && response <= timeout,
                format!(
                    "The last response came after {response} ms: after that it only waited."
                ),
            )?;
        let attempt = format!("it sent a request after {last} ms: {words}");
        sent.that(last <= timeout, attempt)?;
        let too_long =
            "The wait would end after the deadline, so no attempt follows.";
        match path {
            "/503/429+5" => sent.sent(2, false).because([too_long])?,
            "/503+10000000000000000000" => {
                sent.sent(1, false).because([too_long])?;
            }
            _ => {}
        }
        // A wait that may end too late need not begin.
        let next = LIMITS[sent.times.len().clamp(1, LIMITS.len()) - 1];
        let reads_error = path == "/503stalled" && sent.millis >= timeout;
        let until = if waits || reads_error { sent.millis } else { response + next };
        let why = match waits || reads_error {
            true => "It ended the last attempt before the deadline.",
            false => "There was time for another attempt.",
        };
        let words = format!(
            "the result is {}, with a deadline after {timeout} ms.\n{why}",
            sent.end()
        );
        sent.that(until >= timeout || path.contains('+'), words)?;
    }
    for (path, timeout) in
        [("/200@1400", 1500), ("/503/200@1100", 1500), ("/200@1700000", 1_800_000)]
    {
        let sent = site.get(path, timeout).await?;
        let deadline = text::millis(timeout);
        let why = format!("It responds in time: the deadline is after {deadline}.");
        sent.sent(path.matches('/').count(), true).because([why.as_str()])?;
    }
    let mut retried = 0;
    for _ in 0..24 {
        retried += usize::from(site.get("/503/200", 50).await?.result.is_ok());
    }
    let words = format!(
        "GET /503/200: with a deadline after 50 ms, it retried in {retried} of 24 calls, \
         expected about 12: the first wait is random, up to 100 ms."
    );
    let mut short = false;
    if retried == 0 {
        for _ in 0..24 {
            let sent = site.get("/503/200", 150).await?;
            short |= sent.waits().first().is_some_and(|wait| *wait < 50);
        }
    }
    check::that((1..24).contains(&retried), words).when(
        short,
        "Compare the wait itself with the time that is left, and not its limit.",
    )?;
    for path in ["/stuck", "/503"] {
        site.api.reset();
        let start = Instant::now();
        let deadline = start + 60_000 * MS;
        let call = async |path| {
            let request = site.client.get(site.api.url(path)).build()?;
            let random = &mut site.random();
            send(&site.client, request, deadline, random).await?;
            anyhow::Ok(start.elapsed().as_millis())
        };
        let (_elapsed, other) =
            tokio::join!(timeout(333 * MS, call(path)), call("/200"));
        let other = other?;
        let words = format!(
            "GET {path} and GET /200 at the same time: the second one was done after \
             {other} ms, expected 0 ms."
        );
        check::that(other <= 1, words)?;
        let when = format!("GET {path}: after `send` had been dropped");
        let tasks = || Handle::current().metrics().num_alive_tasks();
        sleep(2 * MS).await; // lets aborted tasks go away
        let before = tasks();
        site.all_ended(&when, &site.api.log()).await?;
        let words = format!("{when}, a task that it had spawned went on.");
        check::that(tasks() >= before, words).because([check::OWNED_BY_RUNTIME])?;
    }
    Ok(())
}

async fn last_error() -> Result<()> {
    let site = Site::start().await?;
    for (path, expected) in [
        ("/404", "404"),
        ("/503/500/409", "409"),
        ("/503", "503"),
        ("/503/500", "500"),
        ("/500/502/stuck", "502"),
        ("/503/429+5", "429"),
        ("/503/closed", "connect"),
        // Whatever its text is, it does not report the status 503.
        ("/503/broken", ""),
        ("/503/half", ""),
        ("refused", "connect"),
    ] {
        let sent = site.get(path, 2500).await?;
        let Err(error) = &sent.result else {
            return sent.that(false, format!("the result is {}.", sent.end()));
        };
        // The text of reqwest's error has the URL, too.
        let url = site.api.url(&format!("{path}?{}", site.name));
        let chain: Vec<_> = check::chain(error.as_ref())?
            .iter()
            .map(|cause| {
                let text = cause.to_string().replace(&url, "");
                status_of(*cause).unwrap_or_default() + &text.to_lowercase()
            })
            .collect();
        let reports = |status: &str| {
            let reason =
                status.parse().ok().and_then(|s: StatusCode| s.canonical_reason());
            let reason = reason.unwrap_or(status).to_lowercase();
            chain.iter().any(|text| text.contains(status) || text.contains(&reason))
        };
        let what = match expected {
            "connect" => "the failed connection".to_owned(),
            "" => "the fault of the last body".to_owned(),
            status => format!("the status {status}"),
        };
        let first = path.split('/').nth(1).unwrap_or(expected);
        let other = first != expected && reports(first);
        let words = format!(
            "the result is {}, expected an error that reports {what}.",
            sent.end()
        );
        sent.that(reports(expected), &words)?;
        let words =
            format!("{words}\nIt reports the status {first} of another attempt.");
        sent.that(!other, words)?;
    }
    Ok(())
}
