//! The check of exercise 06.

use std::cell::Cell;
use std::error::Error;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use reqwest::Client;
use tokio::net::TcpListener;
use tokio::time::error::Elapsed;
use tokio::time::{Instant, sleep, timeout};

use super::{FetchError, Report, fetch_all};
use async_workbook::check::{
    self, Diagnosis, Difference, Draw, Explain, Pace, RawServer, Run,
};
use async_workbook::web;

const MS: Duration = Duration::from_millis(1);

/// Longer than any operation here.
const FOREVER: Duration = Duration::from_secs(60);

#[test]
fn check() -> check::Verdict {
    let mut exercise = check::Exercise::new();
    exercise.check("one failure does not affect the other requests", partial);
    exercise.check("all requests are in flight together", together);
    exercise.check("each failure has the right kind", kinds);
    exercise.check("the deadline covers connecting, waiting and reading", too_slow);
    exercise.check(
        "`source` returns the cause, and `Display` does not repeat it",
        sources,
    );
    exercise.check("dropping it cancels all requests", dropped);
    exercise.verdict()
}

struct Site {
    client: Client,
    /// What the client calls itself, and how long it tries to connect.
    agent: String,
    connect_timeout: Duration,
    server: Arc<web::Server>,
}

impl Site {
    async fn start(draw: &Draw) -> Result<Self> {
        let server = Arc::new(web::Server::start().await?);
        let agent = draw.word();
        let connect_timeout = draw.between(150..=300).unsigned_abs() * MS;
        let client = Client::builder()
            .no_proxy()
            .user_agent(&agent)
            .connect_timeout(connect_timeout)
            .build()?;
        Ok(Self { client, agent, connect_timeout, server })
    }

    /// Publishes the weather of a city, and returns it in one line.
    fn publish(&self, city: &str, celsius: i32) -> String {
        self.server.set_response(&path_of(city), 200, weather(city, celsius));
        format!("{city}: {celsius}")
    }

    async fn fetch(&self, what: &str, urls: &[String]) -> Result<(Report, Run<()>)> {
        self.server.reset();
        let all = timeout(FOREVER, fetch_all(&self.client, urls));
        let (report, run) = check::run(what, all).await.split();
        Ok((self.judge_requests(what, urls, report.ok())?, run))
    }

    /// Checks that no URL was requested more often than it is in the list, and that
    /// there is a report.
    fn judge_requests(
        &self,
        what: &str,
        urls: &[String],
        report: Option<Report>,
    ) -> Result<Report> {
        let requests = self.server.requests();
        for request in &requests {
            let listed = urls.iter().filter(|url| path(url) == request.path).count();
            let times = requests.iter().filter(|r| r.path == request.path).count();
            let words = format!(
                "{what}: `{}` was requested {times} times, expected {listed}.",
                request.path
            );
            let status = request
                .status
                .map(|code| format!("The first response had the status {code}."));
            check::that(times <= listed, words).because(status)?;
        }
        let stuck = || Diagnosis::new(format!("{what}: not done within a minute."));
        Ok(report.ok_or_else(stuck)?)
    }

    /// Fetches a single URL and returns its failure.
    async fn failure(
        &self,
        what: &str,
        url: String,
    ) -> Result<(FetchError, Run<()>)> {
        let (mut report, run) = self.fetch(what, &[url]).await?;
        let took = run.took.as_millis();
        let got = match &*report.answers {
            [] => "neither a failure nor an answer",
            _ => "an answer",
        };
        let words =
            format!("{what}: expected a failure, got {got} after {took} ms.");
        let failure = report.failures.pop().ok_or_else(|| Diagnosis::new(words))?;
        Ok((failure.1, run))
    }
}

fn weather(city: &str, celsius: i32) -> String {
    format!(r#"{{"city": "{city}", "celsius": {celsius}, "sky": "clear"}}"#)
}

fn path_of(city: &str) -> String {
    format!("/api/weather/{city}")
}

/// The answers of a report, each in one line.
fn answers(report: &Report) -> Vec<String> {
    let lines = report.answers.iter().map(|a| format!("{}: {}", a.city, a.celsius));
    lines.collect()
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

/// The path and query of a URL.
fn path(url: &str) -> &str {
    let host = url.trim_start_matches("http://");
    host.find('/').map_or(url, |slash| &host[slash..])
}

async fn partial() -> Result<()> {
    let draw = check::draw();
    let site = Site::start(&draw).await?;
    let (empty, run) = site.fetch("no URLs", &[]).await?;
    let words =
        "a list without URLs must give a report without answers and failures.";
    let none = empty.answers.is_empty() && empty.failures.is_empty();
    check::that(none && run.took.is_zero(), words)?;

    // The orders of the list, by name, by duration and backwards all differ.
    let mut words = draw.words(7);
    words.sort_unstable();
    let mut times = draw.distinct(7, 50..=400);
    times.sort_unstable();
    let celsius = draw.distinct(4, -20..=40);
    // The places in these of each city. Unknown cities have no temperature.
    let cities = [
        (5, 4, Some(0)),
        (4, 6, None),
        (0, 5, Some(1)),
        (2, 3, None),
        (6, 0, Some(2)),
        (3, 1, None),
        (1, 2, Some(3)),
    ];
    let cities = cities.map(|(name, time, degrees)| {
        let (path, time) = (path_of(&words[name]), times[time].unsigned_abs());
        site.server.delay(&path, time * MS);
        let degrees: Option<usize> = degrees;
        let answer = degrees.map(|place| site.publish(&words[name], celsius[place]));
        (path, answer, time)
    });
    site.server.set_response(&cities[3].0, 503, weather(&words[2], celsius[0]));
    // Two of them are in the list twice.
    let mut list: Vec<_> = [0, 1, 2, 3, 4, 0, 1, 6, 5].map(|n| &cities[n]).into();
    let urls: Vec<_> = list.iter().map(|(path, ..)| site.server.url(path)).collect();
    let (report, run) = site.fetch("nine URLs", &urls).await?;
    let of = |list: &[&(String, Option<String>, u32)]| -> [Vec<String>; 2] {
        let failed = list.iter().filter(|(_, answer, _)| answer.is_none());
        let answers = list.iter().filter_map(|(_, answer, _)| answer.clone());
        [answers.collect(), failed.map(|(path, ..)| path.clone()).collect()]
    };
    let [expected, unknown] = of(&list);
    list.sort_by_key(|(.., time)| *time);
    let [answers_by_time, failed_by_time] = of(&list);
    let by_time = "They are in the order in which they arrived.";
    let answers = answers(&report);
    let one = answers.is_empty() && report.failures.len() == 1;
    let judged = run.pictured(check::in_order(&answers, &expected));
    judged
        .when(one, "One failure is all that is left of nine results.")
        .when(answers == answers_by_time, by_time)?;

    let failed: Vec<_> =
        report.failures.iter().map(|(url, _)| path(url).to_owned()).collect();
    let difference = check::difference(&failed, &unknown);
    let judged = run.pictured(check::in_order(&failed, &unknown));
    judged
        .when(
            difference == Some(Difference::Empty),
            "No failure is reported. What happens to an `Err`?",
        )
        .when(
            difference == Some(Difference::AllEqual),
            "Each failure needs the URL that it belongs to.",
        )
        .when(failed == failed_by_time, by_time)?;

    // A server that logs the headers of the request.
    let body = weather(&words[0], celsius[3]);
    let page = RawServer::response(200, &body, body.len());
    let server = RawServer::start(vec![(0, page)]).await?;
    site.fetch("a weather", &[server.url().to_owned()]).await?;
    let requests = server.requests().join("\n");
    let agent = requests.lines().find_map(|line| line.strip_prefix("user-agent: "));
    let words = format!(
        "the request did not come from the client that `fetch_all` was given: that \
         one has the user agent {:?}, and the request had {agent:?}.",
        site.agent
    );
    check::that(agent == Some(&*site.agent), words)
}

async fn together() -> Result<()> {
    let draw = check::draw();
    let site = Site::start(&draw).await?;
    for count in [6, 120] {
        let words = draw.words(count);
        let celsius = draw.between(-20..=20);
        // Every fourth city is unknown.
        let known = words.iter().enumerate().filter(|(n, _)| n % 4 != 2);
        let mut expected: Vec<_> =
            known.map(|(n, word)| site.publish(word, celsius + n as i32)).collect();
        let urls: Vec<_> =
            words.iter().map(|word| site.server.url(&path_of(word))).collect();
        let what = format!("{count} URLs");
        let pace = |each: u32| Pace::of(count as u32, "requests", each * MS);
        let report = if count == 6 {
            // A prime: a loop of short sleeps does not end at the same time by chance.
            let each = *draw.pick(&[97, 101, 103, 107, 109, 113]);
            urls.iter().for_each(|url| site.server.delay(path(url), each * MS));
            let (report, run) = site.fetch(&what, &urls).await?;
            let peak = site.server.peak();
            run.pictured(check::peak("requests", peak, count)).when(
                peak == 1,
                "Is each request awaited before the next one is created?",
            )?;
            run.paced(&pace(each))?;
            run.few_wakeups(40, "six requests")?;
            report
        } else {
            // Not `check::run`: opening this many connections computes for long.
            site.server.reset();
            let server = Arc::clone(&site.server);
            let in_flight = move || server.stats().in_flight;
            // The server responds after 100 ms.
            let arriving = check::arrive_together(count, 100 * MS, in_flight);
            let began = Instant::now();
            let report = timeout(FOREVER, fetch_all(&site.client, &urls)).await;
            let took = began.elapsed();
            drop(arriving);
            let report = site.judge_requests(&what, &urls, report.ok())?;
            check::peak("requests", site.server.peak(), count)?;
            pace(100).judge(took)?;
            report
        };
        // Equal delays: the order of arrival is not the same in each run.
        let mut answers = answers(&report);
        answers.sort_unstable();
        expected.sort_unstable();
        check::in_order(&answers, &expected)?;
        let (failed, unknown) = (report.failures.len(), count - expected.len());
        let words = format!("{what}: {failed} failures, expected {unknown}.");
        check::that(failed == unknown, words)?;
    }
    Ok(())
}

async fn kinds() -> Result<()> {
    let draw = check::draw();
    let site = Site::start(&draw).await?;
    let city = draw.word();
    let body = weather(&city, draw.between(-20..=40));
    let client = *draw.pick(&[400, 401, 403, 409, 410, 418, 429]);
    let server = *draw.pick(&[500, 502, 503]);
    let missing = format!("no such city: {city}");
    let without_celsius = format!(r#"{{"city": "{city}"}}"#);
    let page = |status: u16, body: &str| {
        let path = path_of(&draw.word());
        site.server.set_response(&path, status, body);
        site.server.url(&path)
    };
    let url = |path: &str| site.server.url(path);
    let with_status =
        |status: u16| url(&format!("/api/weather/Oslo?status={status}"));
    let hangs_up = RawServer::start(Vec::new()).await?;
    let closed = hangs_up.url().to_owned();
    let status = |status: u16| format!("Status({status})");
    let is = |kind: &str| kind.to_owned();
    let cases = [
        ("an unknown city", url("/api/weather/Atlantis"), is("NotFound")),
        ("status 404 with the JSON of a weather", page(404, &body), is("NotFound")),
        ("status 404 without a text", url("/nowhere"), is("NotFound")),
        ("status 404 with another text", with_status(404), is("NotFound")),
        ("status 5xx with a text", with_status(server), status(server)),
        ("status 5xx with JSON", page(server, &body), status(server)),
        (
            "status 4xx with the text of a 404",
            page(client, &missing),
            status(client),
        ),
        ("status 200 with the text of a 404", page(200, &missing), is("NotJson")),
        ("status 200 without a text", page(200, ""), is("NotJson")),
        ("truncated JSON", url("/broken.json"), is("NotJson")),
        ("JSON of something else", url("/api/events/Oslo"), is("NotJson")),
        ("a weather without `celsius`", page(200, &without_celsius), is("NotJson")),
        ("a port without a listener", site.server.refused_url()?, is("Refused")),
        ("a connection closed without a response", closed, is("Other")),
        ("an invalid URL", city.clone(), is("Other")),
    ];
    let urls: Vec<_> = cases.iter().map(|(_, url, _)| url.clone()).collect();
    let what = format!("{} failing URLs", urls.len());
    let (report, _) = site.fetch(&what, &urls).await?;
    for (what, url, expected) in cases {
        let failure = report.failures.iter().find(|(failed, _)| *failed == url);
        let got =
            failure.map_or(is("not among the failures"), |(_, error)| kind(error));
        let accepted = failure.is_none() && !report.answers.is_empty();
        let has_status = expected == "NotFound" || expected.starts_with("Status");
        check::that(
            got == expected,
            format!("{what} is {got}, expected {expected}."),
        )
        .when(
            has_status && (got == "NotJson" || accepted),
            "A response with an error status is an `Ok` until `error_for_status` turns \
             it into an error.",
        )
        .when(
            got == "Refused",
            "The connection was refused only if the error's `is_connect` is true.",
        )
        .when(
            got == "NotFound",
            "Only the status 404 is NotFound, whatever the body is.",
        )?;
    }
    Ok(())
}

async fn too_slow() -> Result<()> {
    let draw = check::draw();
    let site = Site::start(&draw).await?;
    let path = path_of(&draw.word());
    site.server.set_response(&path, 200, weather("Oslo", 11));
    let delayed = |delay| site.server.url(&format!("{path}?delay={delay}"));
    for late in [5000, 510] {
        let what = format!("two answers, after 490 ms and {late} ms");
        let (report, run) = site.fetch(&what, &[490, late].map(delayed)).await?;
        let (answered, failed) = (report.answers.len(), report.failures.len());
        let words = format!(
            "{what}: {answered} accepted, {failed} failed, expected 1 and 1."
        );
        run.that((answered, failed) == (1, 1), words).when(
            answered == 2 && late == 5000,
            "An answer after 5000 ms was accepted. By default reqwest waits forever.",
        )?;
    }

    let deadline = 500 * MS;
    let what = "an answer after 5000 ms";
    let (error, run) = site.failure(what, delayed(5000)).await?;
    judge_slow(what, &error, &run, deadline, "")?;

    let body = weather("Oslo", 11);
    let (start, rest) = body.split_at(draw.between(5..=15).unsigned_abs() as usize);
    let headers = |start: &str| RawServer::response(200, start, body.len());
    let forever = (FOREVER.as_millis() as u64 * 2, String::new());
    let pieces = body.chars().map(|c| (100, c.to_string()));
    let cases = [
        (
            "an answer that stops halfway",
            vec![(0, headers(start)), forever.clone()],
            "The headers had arrived, and the rest did not come. The deadline must \
             cover the body too.",
        ),
        (
            "an answer whose headers take 300 ms and whose body stops halfway",
            vec![(300, headers(start)), forever],
            "The headers came in time. The deadline must cover headers and body \
             together.",
        ),
        (
            "an answer that arrives in pieces, one every 100 ms",
            [(0, headers(""))].into_iter().chain(pieces).collect(),
            "Each piece came in time. The deadline must cover all of them together.",
        ),
    ];
    for (what, parts, too_late) in cases {
        let server = RawServer::start(parts).await?;
        let failed = site.failure(what, server.url().to_owned()).await;
        let (error, run) = failed.because([too_late])?;
        judge_slow(what, &error, &run, deadline, too_late)?;
    }

    let what = "an answer whose body arrives in pieces until 450 ms";
    let server =
        RawServer::start(vec![(200, headers(start)), (250, rest.to_owned())])
            .await?;
    let (report, _) = site.fetch(what, &[server.url().to_owned()]).await?;
    let kind = report.failures.first().map_or("missing".into(), |(_, e)| kind(e));
    let words = format!("{what} is {kind}, expected an answer.");
    check::that(report.answers.len() == 1, words)?;

    // The client starts a TLS handshake that is never answered.
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("https://{}/", listener.local_addr()?);
    let limit = site.connect_timeout.as_millis();
    let what = format!(
        "a connection that exceeds the client's connect timeout of {limit} ms"
    );
    let (error, run) = site.failure(&what, url).await?;
    let late = "The client that `fetch_all` was given has this limit.";
    judge_slow(&what, &error, &run, site.connect_timeout, late)
}

/// Checks that the error is `TooSlow` and came after `limit`; `late` explains why it
/// came later.
fn judge_slow(
    what: &str,
    error: &FetchError,
    run: &Run<()>,
    limit: Duration,
    late: &str,
) -> Result<()> {
    let got = kind(error);
    let during = match &*got {
        "NotJson" => Some(("while the body was being decoded", "is_decode")),
        "Refused" => Some(("while connecting", "is_connect")),
        _ => None,
    };
    let why = during.map(|(during, is)| {
        format!(
            "The time ran out {during}: both `{is}` and `is_timeout` are true. Which \
             one must be checked first?"
        )
    });
    let words = format!("{what} is {got}, expected TooSlow.");
    check::that(got == "TooSlow", words).because(why)?;
    // reqwest and tokio round a limit up to the next millisecond.
    let on_time = run.took >= limit && run.took <= limit + MS;
    let (took, expected) = (run.took.as_millis(), limit.as_millis());
    let words = format!("{what} failed after {took} ms, expected {expected} ms.");
    run.that(on_time, words).when(run.took > limit && !late.is_empty(), late)
}

type Cause = dyn Error + 'static;

/// The source of the error that reqwest returns when the time is up.
const REQWEST_TIMED_OUT: &str = "operation timed out";

const TIMEOUT: &str = "timeout of reqwest and no Elapsed of tokio";

fn is_of_json(cause: &Cause) -> bool {
    cause.downcast_ref::<serde_json::Error>().is_some_and(|e| e.is_eof())
}

fn is_refusal(cause: &Cause) -> bool {
    let io = cause.downcast_ref::<io::Error>();
    io.is_some_and(|io| io.kind() == ErrorKind::ConnectionRefused)
}

/// Accepts the errors of reqwest and tokio, and a solution's own type. A text and the
/// inner part of reqwest's error have no type that code can ask for.
fn is_timeout(cause: &Cause) -> bool {
    if let Some(error) = cause.downcast_ref::<reqwest::Error>() {
        return error.is_timeout();
    }
    let is_text = format!("{cause:?}").starts_with('"');
    cause.is::<Elapsed>() || !is_text && cause.to_string() != REQWEST_TIMED_OUT
}

fn is_any(_: &Cause) -> bool {
    true
}

async fn sources() -> Result<()> {
    let draw = check::draw();
    let site = Site::start(&draw).await?;
    let slow = site.server.url("/api/weather/Oslo?delay=5000");
    type Is = fn(&Cause) -> bool;
    let broken = site.server.url("/broken.json");
    let refused = site.server.refused_url()?;
    let cases: [(_, _, Is, _); 4] = [
        ("/broken.json", broken, is_of_json, "error of serde_json"),
        ("a refusal", refused, is_refusal, "io::Error of kind ConnectionRefused"),
        ("an answer after 5000 ms", slow, is_timeout, TIMEOUT),
        ("an invalid URL", draw.word(), is_any, "error"),
    ];
    for (what, url, expected, name) in cases {
        let (error, _) = site.failure(what, url).await?;
        judge_sources(&error, expected, name)?;
    }
    // These have no inner error, or have one: both are fine.
    for query in ["?status=404", "?status=500"] {
        let url = site.server.url(&format!("/api/weather/Oslo{query}"));
        let (error, _) = site.failure(query, url).await?;
        if error.source().is_some() {
            judge_sources(&error, is_any, "error")?;
        }
    }
    Ok(())
}

fn judge_sources(
    error: &FetchError,
    expected: fn(&Cause) -> bool,
    name: &str,
) -> Result<()> {
    let kind = kind(error);
    let Some(source) = error.source() else {
        let words = format!(
            "`source` of {kind} is None, the default.\n\
             Implement `Error::source`, so that code can inspect the inner error; it \
             cannot inspect text."
        );
        return Err(Diagnosis::new(words).into());
    };
    // Fails if the chain of causes has no end.
    let of_kind = format!("This is the error {kind}.");
    let chain = check::chain(source).because([of_kind])?;
    let texts: Vec<_> =
        chain.iter().map(|cause| without_port(&cause.to_string())).collect();
    let words = format!(
        "there is no {name} among the sources of {kind}. Its sources are {texts:?}."
    );
    let inner = texts == [REQWEST_TIMED_OUT];
    let found = chain.iter().any(|cause| expected(*cause));
    check::that(found, words)
        .when(
            inner,
            "That is the source of the inner error. Return the inner error itself, \
             `Some(error)`; `error.source()` skips it.",
        )
        .when(
            chain.len() == 1 && !inner,
            "This error has no source of its own. If it was made from the text of the \
             inner error, that one is lost: keep the error itself.",
        )?;

    let text = without_port(&error.to_string());
    // A short text, such as `timed out`, is one that both may use by chance.
    let repeated = texts.iter().find(|t| t.len() >= 20 && text.contains(*t));
    let words = format!(
        "`Display` of {kind} repeats the text of its `source`, {:?}. A program that \
         prints all causes prints it twice.",
        repeated.map_or("", |text| text)
    );
    check::that(repeated.is_none(), words)
}

/// Removes the port, which differs in each run.
fn without_port(text: &str) -> String {
    let Some((before, after)) = text.split_once("127.0.0.1:") else {
        return text.to_owned();
    };
    let after = after.trim_start_matches(|c: char| c.is_ascii_digit());
    format!("{before}127.0.0.1{after}")
}

async fn dropped() -> Result<()> {
    let draw = check::draw();
    let site = Site::start(&draw).await?;
    let url =
        |word: &String| site.server.url(&format!("/api/weather/{word}?delay=400"));
    let urls: Vec<_> = draw.words(4).iter().map(url).collect();
    let runs = Cell::new(0);
    check::cancelled_at_every_await(async |cancel| {
        runs.set(runs.get() + 1);
        let words = "it wakes up again and again while it waits for four answers.";
        check::that(runs.get() < 150, words)?;
        site.server.reset();
        cancel.run(fetch_all(&site.client, &urls)).await;
        // Let aborted tasks go away and the server notice.
        sleep(50 * MS).await;
        let before = site.server.stats();
        sleep(2000 * MS).await;
        let left = before.in_flight;
        let more = site.server.stats().requests - before.requests;
        let words = format!(
            "{left} requests kept running, and {more} more began later: something that \
             `fetch_all` does not own runs them."
        );
        check::that(left + more == 0, words).because([check::OWNED_BY_RUNTIME])
    })
    .await
}
