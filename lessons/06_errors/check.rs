//! What decides exercise 06.

use super::{FetchError, Report, fetch_all};
use anyhow::{Chain, Result};
use async_workbook::check::{self, Diagnosis, Pace, Run};
use async_workbook::web;
use reqwest::Client;
use std::error::Error;
use std::io::{self, ErrorKind};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::error::Elapsed;
use tokio::time::{sleep, timeout};

const MS: Duration = Duration::from_millis(1);

/// Longer than anything here takes.
const FOR_EVER: Duration = Duration::from_secs(60);

#[test]
fn check() -> check::Verdict {
    let mut exercise = check::Exercise::new();
    exercise.check("what fails takes no other with it", partial);
    exercise.check("all requests are under way together", together);
    exercise.check("each failure is told apart", apart);
    exercise.check("too slow is too slow, wherever the time goes", too_slow);
    exercise.check("the cause is the source, and is said once", sources);
    exercise.check("when it is dropped, all requests are given up", dropped);
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
            report = timeout(FOR_EVER, all).await.ok();
        });
        let run = run.await;
        let stuck = || Diagnosis::new(format!("{what}: not done after a minute."));
        Ok((report.ok_or_else(stuck)?, run))
    }

    /// What a single URL fails with.
    async fn failure(
        &self,
        what: &str,
        url: String,
    ) -> Result<(FetchError, Run<()>)> {
        let (mut report, run) = self.fetch(what, &[url]).await?;
        let failure = report.failures.pop();
        let none = || Diagnosis::new(format!("{what}: there is no failure."));
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

    let came: Vec<_> = answers.iter().map(|answer| &*answer.city).collect();
    let judged = check::in_order(&came, &["Lisbon", "Oslo", "Helsinki"]);
    let why = match (came.len(), failures.len()) {
        (3, _) => Some("They stand in the order in which they came."),
        (0, 1) => {
            Some("One failure took all others with it: the good, and the bad.")
        }
        _ => None,
    };
    run.pictured(check::explain(judged, why))?;

    let failed: Vec<_> = failures.iter().map(|(url, _)| path(url)).collect();
    let judged = check::in_order(&failed, &[paths[1], paths[3]]);
    let why = match failed.len() {
        0 => Some(
            "The failures are lost without a word: `flatten`, `Result::ok` and `if let Ok` \
             throw errors away.",
        ),
        2 => Some("Failures stand in the order of the URLs too."),
        _ => None,
    };
    run.pictured(check::explain(judged, why))
}

/// Path and query of a URL.
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
    let why = (run.took == 600 * MS)
        .then_some("What is awaited in the loop is over before the next begins.");
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
        ("JSON that stops in the middle", url("/broken.json"), "NotJson"),
        ("JSON of something else", url("/api/events/Oslo"), "NotJson"),
        ("a URL where nobody listens", site.server.refused_url()?, "Refused"),
        (
            "a connection that is closed without an answer",
            hangs_up().await?,
            "Other",
        ),
        ("a text that is no URL", "Oslo".to_owned(), "Other"),
    ];
    let urls: Vec<_> = cases.iter().map(|(_, url, _)| url.clone()).collect();
    let (Report { failures, .. }, _) = site.fetch("eight URLs", &urls).await?;
    for (what, url, expected) in cases {
        let failure = failures.iter().find(|(failed, _)| *failed == url);
        let got = failure.map_or("no failure".to_owned(), |(_, error)| kind(error));
        let status = expected == "NotFound" || expected.starts_with("Status");
        let why = match &*got {
            "NotJson" if status => Some(
                "An answer with an error status is an answer like any other, until \
                 `error_for_status` makes an error of it.",
            ),
            "Refused" => Some(
                "Nobody listens there only if `is_connect` is true of the error.",
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
    let what = "answers after 450 ms and after 5000";
    let (report, run) = site.fetch(what, &site.urls(&two)).await?;
    let (came, failed) = (report.answers.len(), report.failures.len());
    let words =
        format!("{what}: {came} in time, {failed} too slow, expected 1 and 1.");
    let why = (came == 2).then_some(
        "Nobody says how long to wait, and reqwest alone waits for ever.",
    );
    run.pictured(check::explain(check::that((came, failed) == (1, 1), words), why))?;

    let what = "an answer after 5000 ms";
    let (error, run) = site.failure(what, site.server.url(two[1])).await?;
    judge_slow(what, &error, &run, None)?;

    let what = "an answer that stops in the middle";
    let url = stalls().await?;
    let why = "Does the deadline end when the headers are there? The body needs its time \
               too.";
    let (error, run) = check::explain(site.failure(what, url).await, Some(why))?;
    let why = "The time was up while the body was decoded: `is_decode` is true of it, and \
               `is_timeout` too. Which has to be asked first?";
    judge_slow(what, &error, &run, Some(why))?;

    // The client begins a TLS handshake, to which nobody answers.
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("https://{}/", listener.local_addr()?);
    let what =
        "a connection that is not there after 200 ms, the client's limit for it,";
    let (error, run) = site.failure(what, url).await?;
    let why = "The time was up before it was connected: `is_connect` is true of it, and \
               `is_timeout` too. Which has to be asked first?";
    judge_slow(what, &error, &run, Some(why))
}

/// A URL whose answer begins, and does not go on.
async fn stalls() -> Result<String> {
    answers(b"HTTP/1.1 200 OK\r\ncontent-length: 40\r\n\r\n{\"city\": ", FOR_EVER)
        .await
}

/// A URL where a request is read, and not answered.
async fn hangs_up() -> Result<String> {
    answers(b"", Duration::ZERO).await
}

/// A URL that answers with these bytes, and keeps the connection for so long.
async fn answers(bytes: &'static [u8], keeps: Duration) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/", listener.local_addr()?);
    tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await?;
        // Once something of the request is there.
        let _bytes = connection.read(&mut [0; 1000]).await?;
        connection.write_all(bytes).await?;
        sleep(keeps).await;
        io::Result::Ok(())
    });
    Ok(url)
}

/// Whether it is `TooSlow`, and was given up in time.
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
    let words =
        format!("{what} was given up after {took} ms, expected at most 500.");
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
        ("a text that is no URL", "Oslo".to_owned(), is_any, "error"),
    ];
    for (what, url, expected, name) in cases {
        let (error, _) = site.failure(what, url).await?;
        let kind = kind(&error);
        let Some(source) = error.source() else {
            let words = format!(
                "the `source` of {kind} is None.\nThat is what it is unless you write it. \
                 Text can be read; only a source can be asked what it is."
            );
            return Err(Diagnosis::new(words).into());
        };
        let found = Chain::new(source).any(expected);
        let why = "`Some(error)` is the error itself. `error.source()` is one further \
                   down, and leaves it out.";
        let words = format!("there is no {name} among the sources of {kind}.");
        check::explain(check::that(found, words), Some(why))?;
        let words = format!(
            "{kind} displays what its `source` displays. A program that prints all causes prints \
             that twice."
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
        // Aborted tasks are gone, and the server has seen it.
        sleep(50 * MS).await;
        let left = site.server.stats().in_flight;
        let words = format!("{left} requests went on.");
        check::that(left == 0, words)
    });
    let why = "A task belongs to the runtime: it goes on when its handle is dropped. Futures \
               that were never spawned go with their owner; so do the tasks of a `JoinSet`.";
    check::explain(scenario.await, Some(why))
}
