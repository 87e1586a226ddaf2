//! The check of exercise 06.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::time::Duration;

use anyhow::{Chain, Result};
use reqwest::Client;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::error::Elapsed;
use tokio::time::{sleep, timeout};

use super::{FetchError, Report, fetch_all};
use async_workbook::check::{self, Diagnosis, Pace, Run};
use async_workbook::web;

const MS: Duration = Duration::from_millis(1);

/// Longer than any operation here.
const FOREVER: Duration = Duration::from_secs(60);

#[test]
fn check() -> check::Verdict {
    let mut exercise = check::Exercise::new();
    exercise.check("one failure does not affect the other requests", partial);
    exercise.check("all requests are in flight together", together);
    exercise.check("each failure has the right kind", apart);
    exercise.check("the deadline covers connecting, waiting and reading", too_slow);
    exercise
        .check("`source` returns the cause, `Display` does not repeat it", sources);
    exercise.check("dropping it cancels all requests", dropped);
    exercise.verdict()
}

struct Site {
    client: Client,
    server: web::Server,
}

impl Site {
    async fn start() -> Result<Self> {
        let server = web::Server::start().await?;
        let client = Client::builder().no_proxy().connect_timeout(200 * MS);
        Ok(Self { client: client.build()?, server })
    }

    fn urls(&self, paths: &[&str]) -> Vec<String> {
        paths.iter().map(|path| self.server.url(path)).collect()
    }

    async fn fetch(&self, what: &str, urls: &[String]) -> Result<(Report, Run<()>)> {
        let mut report = None;
        let run = check::run(what, async {
            let all = fetch_all(&self.client, urls);
            report = timeout(FOREVER, all).await.ok();
        });
        let run = run.await;
        let stuck = || Diagnosis::new(format!("{what}: not done within a minute."));
        Ok((report.ok_or_else(stuck)?, run))
    }

    /// Fetches a single URL and returns its failure.
    async fn failure(
        &self,
        what: &str,
        url: String,
    ) -> Result<(FetchError, Run<()>)> {
        let (mut report, run) = self.fetch(what, &[url]).await?;
        let failure = report.failures.pop();
        let none =
            || Diagnosis::new(format!("{what}: expected a failure, got none."));
        Ok((failure.ok_or_else(none)?.1, run))
    }
}

/// The name of the variant.
fn kind(error: &FetchError) -> String {
    match error {
        FetchError::NotFound => "NotFound".to_owned(),
        FetchError::Status(status) => format!("Status({})", status.as_u16()),
        FetchError::NotJson { .. } => "NotJson".to_owned(),
        FetchError::TooSlow { .. } => "TooSlow".to_owned(),
        FetchError::Refused { .. } => "Refused".to_owned(),
        FetchError::Other { .. } => "Other".to_owned(),
    }
}

async fn partial() -> Result<()> {
    let site = Site::start().await?;
    let paths = [
        "/api/weather/Lisbon?delay=300",
        "/api/weather/Atlantis?delay=200",
        "/api/weather/Oslo?delay=100",
        "/nowhere?delay=10",
        "/api/weather/Helsinki?delay=50",
    ];
    let urls = site.urls(&paths);
    let (Report { answers, failures }, run) = site.fetch("five URLs", &urls).await?;

    let answered: Vec<_> = answers.iter().map(|answer| &*answer.city).collect();
    let judged = check::in_order(&answered, &["Lisbon", "Oslo", "Helsinki"]);
    let why = match (answered.len(), failures.len()) {
        (3, _) => Some("The answers are in the order in which they arrived."),
        (0, 1) => Some("One failure discarded all other results, good and bad."),
        _ => None,
    };
    run.pictured(check::explain(judged, why))?;

    let failed: Vec<_> = failures.iter().map(|(url, _)| path(url)).collect();
    let judged = check::in_order(&failed, &[paths[1], paths[3]]);
    let why = match failed.len() {
        0 => Some(
            "The failures are lost silently: `flatten`, `Result::ok` and `if let \
             Ok` discard errors.",
        ),
        2 => Some("The failures must be in the order of the URLs too."),
        _ => None,
    };
    run.pictured(check::explain(judged, why))
}

/// The path and query of a URL.
fn path(url: &str) -> &str {
    let host = url.trim_start_matches("http://");
    host.find('/').map_or(url, |slash| &host[slash..])
}

async fn together() -> Result<()> {
    let site = Site::start().await?;
    let cities =
        ["Lisbon", "Oslo", "Atlantis", "Helsinki", "Lutetia", "Lisbon?again"];
    let paths = cities.map(|city| format!("/api/weather/{city}"));
    let urls: Vec<_> = paths.iter().map(|path| site.server.url(path)).collect();
    let (_, run) = site.fetch("six URLs", &urls).await?;
    let why = (run.took == 600 * MS).then_some(
        "A request that is awaited in the loop is done before the next one starts.",
    );
    check::explain(run.paced(&Pace::of(6, "requests", 100 * MS)), why)?;
    check::peak("requests", site.server.peak(), 6)
}

async fn apart() -> Result<()> {
    let site = Site::start().await?;
    let url = |path| site.server.url(path);
    let cases = [
        ("an unknown city", url("/api/weather/Atlantis"), "NotFound"),
        ("status 503", url("/api/weather/Oslo?status=503"), "Status(503)"),
        ("status 410", url("/api/weather/Oslo?status=410"), "Status(410)"),
        ("truncated JSON", url("/broken.json"), "NotJson"),
        ("JSON of something else", url("/api/events/Oslo"), "NotJson"),
        ("a port without a listener", site.server.refused_url()?, "Refused"),
        ("a connection closed without an answer", hangs_up().await?, "Other"),
        ("an invalid URL", "Oslo".to_owned(), "Other"),
    ];
    let urls: Vec<_> = cases.iter().map(|(_, url, _)| url.clone()).collect();
    let (Report { failures, .. }, _) = site.fetch("eight URLs", &urls).await?;
    for (what, url, expected) in cases {
        let failure = failures.iter().find(|(failed, _)| *failed == url);
        let got = failure.map_or("no failure".to_owned(), |(_, error)| kind(error));
        let status = expected == "NotFound" || expected.starts_with("Status");
        let why = match &*got {
            "NotJson" if status => Some(
                "An answer with an error status is still an `Ok` answer until \
                 `error_for_status` turns it into an error.",
            ),
            "Refused" => Some(
                "The connection was refused only if the error's `is_connect` is \
                 true.",
            ),
            _ => None,
        };
        let words = format!("{what} is {got}, expected {expected}.");
        check::explain(check::that(got == expected, words), why)?;
    }
    Ok(())
}

async fn too_slow() -> Result<()> {
    let site = Site::start().await?;
    let two = ["/api/weather/Oslo?delay=450", "/api/weather/Lisbon?delay=5000"];
    let what = "two answers, after 450 ms and 5000 ms";
    let (report, run) = site.fetch(what, &site.urls(&two)).await?;
    let (answered, failed) = (report.answers.len(), report.failures.len());
    let words =
        format!("{what}: {answered} accepted, {failed} failed, expected 1 and 1.");
    let why = (answered == 2)
        .then_some("No time limit is set, and by default reqwest waits forever.");
    run.pictured(check::explain(
        check::that((answered, failed) == (1, 1), words),
        why,
    ))?;

    let what = "an answer after 5000 ms";
    let (error, run) = site.failure(what, site.server.url(two[1])).await?;
    judge_slow(what, &error, &run, None)?;

    let what = "an answer that stops halfway";
    let url = stalls().await?;
    let why = "Does the deadline end when the headers have arrived? It must cover \
               the body too.";
    let (error, run) = check::explain(site.failure(what, url).await, Some(why))?;
    let why = "The time ran out while the body was being decoded: both `is_decode` \
               and `is_timeout` are true. Which one must be checked first?";
    judge_slow(what, &error, &run, Some(why))?;

    // The client starts a TLS handshake that is never answered.
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("https://{}/", listener.local_addr()?);
    let what = "a connection that exceeds the client's connect timeout of 200 ms";
    let (error, run) = site.failure(what, url).await?;
    let why = "The time ran out while connecting: both `is_connect` and \
               `is_timeout` are true. Which one must be checked first?";
    judge_slow(what, &error, &run, Some(why))
}

/// A URL whose answer starts and then stalls.
async fn stalls() -> Result<String> {
    answers(b"HTTP/1.1 200 OK\r\ncontent-length: 40\r\n\r\n{\"city\": ", FOREVER)
        .await
}

/// A URL whose server reads the request and closes the connection.
async fn hangs_up() -> Result<String> {
    answers(b"", Duration::ZERO).await
}

/// A URL whose server sends these bytes and then keeps the connection open for
/// `keeps`.
async fn answers(bytes: &'static [u8], keeps: Duration) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/", listener.local_addr()?);
    tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await?;
        // Wait for the beginning of the request.
        let _bytes = connection.read(&mut [0; 1000]).await?;
        connection.write_all(bytes).await?;
        sleep(keeps).await;
        io::Result::Ok(())
    });
    Ok(url)
}

/// Checks that the error is `TooSlow` and came in time.
fn judge_slow(
    what: &str,
    error: &FetchError,
    run: &Run<()>,
    why: Option<&str>,
) -> Result<()> {
    let got = kind(error);
    let words = format!("{what} is {got}, expected TooSlow.");
    check::explain(check::that(got == "TooSlow", words), why)?;
    let took = run.took.as_millis();
    let words = format!("{what} failed after {took} ms, expected at most 500.");
    run.pictured(check::that(took <= 510, words))
}

type Cause = dyn Error + 'static;

fn is_of_json(cause: &Cause) -> bool {
    cause.is::<serde_json::Error>()
}

fn is_refusal(cause: &Cause) -> bool {
    let io = cause.downcast_ref::<io::Error>();
    io.is_some_and(|io| io.kind() == ErrorKind::ConnectionRefused)
}

fn is_timeout(cause: &Cause) -> bool {
    cause.is::<Elapsed>()
        || cause.downcast_ref::<reqwest::Error>().is_some_and(|e| e.is_timeout())
}

fn is_any(_: &Cause) -> bool {
    true
}

async fn sources() -> Result<()> {
    let site = Site::start().await?;
    let broken = site.server.url("/broken.json");
    let refused = site.server.refused_url()?;
    let slow = site.server.url("/api/weather/Oslo?delay=5000");
    type Is = fn(&Cause) -> bool;
    let cases: [(_, _, Is, _); 4] = [
        ("/broken.json", broken, is_of_json, "error of serde_json"),
        ("a refusal", refused, is_refusal, "io::Error of kind ConnectionRefused"),
        (
            "an answer after 5000 ms",
            slow,
            is_timeout,
            "timeout of reqwest and no Elapsed of tokio",
        ),
        ("an invalid URL", "Oslo".to_owned(), is_any, "error"),
    ];
    for (what, url, expected, name) in cases {
        let (error, _) = site.failure(what, url).await?;
        let kind = kind(&error);
        let Some(source) = error.source() else {
            let words = format!(
                "`source` of {kind} is None, the default.\n\
                 Implement `Error::source`, so that code can inspect the inner \
                 error; it cannot inspect text."
            );
            return Err(Diagnosis::new(words).into());
        };
        let found = Chain::new(source).any(expected);
        let why = "Return the inner error itself, `Some(error)`. `error.source()` \
                   skips it.";
        let words = format!("there is no {name} among the sources of {kind}.");
        check::explain(check::that(found, words), Some(why))?;
        let words = format!(
            "`Display` of {kind} repeats the text of its `source`. A program that \
             prints all causes prints it twice."
        );
        check::that(!error.to_string().contains(&source.to_string()), words)?;
    }
    Ok(())
}

async fn dropped() -> Result<()> {
    let site = Site::start().await?;
    let urls = site.urls(&[
        "/api/weather/Lisbon?delay=400",
        "/api/weather/Oslo?delay=400",
        "/api/weather/Helsinki?delay=400",
    ]);
    let scenario = check::cancelled_at_every_await(async |cancel| {
        site.server.reset();
        cancel.run(fetch_all(&site.client, &urls)).await;
        // Let aborted tasks go away and the server notice.
        sleep(50 * MS).await;
        let left = site.server.stats().in_flight;
        let words = format!("{left} requests kept running.");
        check::that(left == 0, words)
    });
    let why = "The runtime owns a spawned task, so the task keeps running when its \
               handle is dropped. Futures that are not spawned are dropped with \
               their owner, and so are the tasks of a `JoinSet`.";
    check::explain(scenario.await, Some(why))
}
