//! The check of exercise 06.

use std::cell::Cell;
use std::error::Error;
use std::io::{self, ErrorKind};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use reqwest::Client;
use tokio::net::TcpListener;
use tokio::time::error::Elapsed;
use tokio::time::{Instant, sleep, timeout};

use super::{FetchError, Report, fetch_all};
use async_workbook::check::{
    self, Diagnosis, Difference, Explain, Pace, RawServer, Rng, Run,
};
use async_workbook::web;

const MS: Duration = Duration::from_millis(1);

/// A timeout that no right answer reaches.
const FOREVER: Duration = Duration::from_secs(60);

const OTHER_THREAD: &str = "It was done a moment later, in real time: it waits for another \
    thread, and the paused clock of this check does not. Futures run together on one \
    thread.";

/// More polls than any list here needs.
const MOST_POLLS: usize = 3000;

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
    /// The client's `User-Agent` and connect timeout.
    agent: String,
    connect_timeout: Duration,
    server: Arc<web::Server>,
}

impl Site {
    async fn start(rng: &Rng) -> Result<Self> {
        let server = Arc::new(web::Server::start().await?);
        let agent = rng.word();
        let connect_timeout = rng.between(150..=300).unsigned_abs() * MS;
        let client = check::client()
            .user_agent(&agent)
            .connect_timeout(connect_timeout)
            .build()?;
        Ok(Self { client, agent, connect_timeout, server })
    }

    /// Sets the weather at the path of a city, and returns it in one line. The city in
    /// it is in upper case.
    fn publish(&self, city: &str, celsius: i32) -> String {
        let path = path_of(city);
        let city = city.to_uppercase();
        self.server.set_response(&path, 200, weather(&city, celsius));
        format!("{city}: {celsius}")
    }

    async fn fetch(&self, what: &str, urls: &[String]) -> Result<(Report, Run<()>)> {
        self.server.reset();
        let mut all = pin!(fetch_all(&self.client, urls));
        let (report, run) =
            check::run_with_few_polls(what, MOST_POLLS, timeout(FOREVER, &mut all))
                .await?
                .split();
        let waits = report.is_err() && check::waits_for_a_thread(all).await;
        let judged = self.judge_requests(what, urls, report.ok());
        Ok((judged.when(waits, OTHER_THREAD)?, run))
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
            [] => "a report without this URL",
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
    let rng = check::rng();
    let site = Site::start(&rng).await?;
    let (empty, run) = site.fetch("no URLs", &[]).await?;
    let words =
        "a list without URLs must give a report without answers and failures.";
    let none = empty.answers.is_empty() && empty.failures.is_empty();
    check::that(none, words)?;
    let took = run.took.as_millis();
    let words = format!("a list without URLs took {took} ms, expected 0 ms.");
    check::that(took == 0, words)?;

    // The orders of the list, by name, by duration and backwards all differ.
    let mut words = rng.words(7);
    words.sort_unstable();
    let mut times = rng.distinct(7, 50..=400);
    times.sort_unstable();
    let celsius = rng.distinct(4, -20..=40);
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
    run.never_blocked()?;
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
        .when(one, "The first failure discarded the other eight results.")
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
    let requests = site.server.requests().len();
    check::that(
        requests == 9,
        format!(
            "nine URLs, of which two are in the list twice, took {requests} requests, \
             expected 9."
        ),
    )?;

    // The same URLs later: an answer has changed, and another has become a failure.
    let changed = site.publish(&words[5], celsius[3]);
    site.server.set_response(&cities[2].0, 500, "");
    let urls = [0, 2].map(|n| site.server.url(&cities[n].0));
    let (report, _) = site.fetch("two of the URLs again", &urls).await?;
    let of_earlier_call = "The answers have changed since the first call.";
    let later = check::in_order(&self::answers(&report), &[changed]);
    later.because([of_earlier_call])?;
    accepted(&site, &rng, 200, "application/json").await
}

/// Checks that a response with the JSON of a weather is an answer, and that the
/// given client has requested it.
async fn accepted(
    site: &Site,
    rng: &Rng,
    status: u16,
    content_type: &str,
) -> Result<()> {
    let what = format!("a long {content_type} of status {status}");
    let (city, celsius) = (rng.word(), rng.between(-20..=40));
    let body = " ".repeat(20_000) + &weather(&city, celsius);
    let page = RawServer::response(status, &body, body.len());
    // This server logs the headers of the request.
    let page = page.replace("application/json", content_type);
    let server = RawServer::start(vec![(0, page)]).await?;
    let (report, _) = site.fetch(&what, &[server.url().to_owned()]).await?;
    let kinds = report.failures.iter().map(|(_, error)| kind(error));
    let got = answers(&report).into_iter().chain(kinds).collect::<Vec<_>>();
    let requests = server.requests().join("\n");
    let agent = requests.lines().find_map(|line| line.strip_prefix("user-agent: "));
    let found = agent.map_or("none".to_owned(), |agent| format!("{agent:?}"));
    let words = format!(
        "the request did not come from the client that `fetch_all` was given: its \
         user agent is {:?}, but the request had {found}.",
        site.agent
    );
    check::that(agent == Some(&*site.agent), words)?;
    let why = format!("That is {what}.");
    check::in_order(&got, &[format!("{city}: {celsius}")]).because([why])
}

async fn together() -> Result<()> {
    let rng = check::rng();
    let site = Site::start(&rng).await?;
    // More than most limits that code might set.
    let many = web::capacity(rng.between(129..=150).unsigned_abs() as usize);
    for count in [6, many] {
        let words = rng.words(count);
        let celsius = rng.between(-20..=20);
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
            let each = *rng.pick(&[97, 101, 103, 107, 109, 113]);
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
    let rng = check::rng();
    let site = Site::start(&rng).await?;
    let city = rng.word();
    let body = weather(&city, rng.between(-20..=40));
    let server = *rng.pick(&[500, 502, 503]);
    let missing = format!("no such city: {city}");
    let without_celsius = format!(r#"{{"city": "{city}"}}"#);
    let page = |status: u16, body: &str| {
        let path = path_of(&rng.word());
        site.server.set_response(&path, status, body);
        site.server.url(&path)
    };
    let url = |path: &str| site.server.url(path);
    let with_status =
        |status: u16| url(&format!("/api/weather/Oslo?status={status}"));
    let hangs_up = RawServer::start(Vec::new()).await?;
    let closed = hangs_up.url().to_owned();
    // reqwest would write it with a slash at the end.
    let refused = site.server.refused_url()?.trim_end_matches('/').to_owned();
    let status = |status: u16| format!("Status({status})");
    let is = |kind: &str| kind.to_owned();
    let mut cases = vec![
        ("an unknown city", url("/api/weather/Atlantis"), is("NotFound")),
        ("status 404 with weather JSON", page(404, &body), is("NotFound")),
        ("status 404 without a text", url("/nowhere"), is("NotFound")),
        ("status 404 with another text", with_status(404), is("NotFound")),
        ("status 5xx with a text", with_status(server), status(server)),
        ("status 5xx with JSON", page(server, &body), status(server)),
        ("status 200 with the text of a 404", page(200, &missing), is("NotJson")),
        ("status 200 without a text", page(200, ""), is("NotJson")),
        ("truncated JSON", url("/broken.json"), is("NotJson")),
        ("JSON of something else", url("/api/events/Oslo"), is("NotJson")),
        ("a weather without `celsius`", page(200, &without_celsius), is("NotJson")),
        ("a port without a listener", refused, is("Refused")),
        ("a connection closed without a response", closed, is("Other")),
        ("an invalid URL", city.clone(), is("Other")),
    ];
    let others = [400, 401, 403, 405, 408, 409, 410, 418, 429, 451, 501, 504, 599];
    cases.extend(others.map(|code| {
        ("a status with the text of a 404", page(code, &missing), status(code))
    }));
    let urls: Vec<_> = cases.iter().map(|(_, url, _)| url.clone()).collect();
    let what = format!("{} failing URLs", urls.len());
    let (report, _) = site.fetch(&what, &urls).await?;
    for (what, url, expected) in cases {
        let failure = report.failures.iter().find(|(failed, _)| *failed == url);
        let got =
            failure.map_or(is("not among the failures"), |(_, error)| kind(error));
        let accepted = failure.is_none() && !report.answers.is_empty();
        let rewritten = failure.is_none()
            && report.failures.iter().any(|(failed, _)| failed.starts_with(&url));
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
        )
        .when(rewritten, "Its URL in the report is not the one of the list.")?;
    }
    let what = "a response whose body is shorter than its `Content-Length`";
    let cut_off =
        RawServer::start(vec![(0, RawServer::response(200, &body, body.len() + 9))])
            .await?;
    let failed = site.failure(what, cut_off.url().to_owned()).await;
    let (error, _) = failed.because([
        "The bytes that arrived are valid JSON, but the body is incomplete: reading the \
         rest failed.",
    ])?;
    let got = kind(&error);
    // Its `is_decode` is true, too.
    let words = format!("{what} is {got}, expected Other or NotJson.");
    check::that(["Other", "NotJson"].contains(&&*got), words)?;
    let times = hangs_up.requests().len();
    let words = format!(
        "a connection closed without a response: {times} requests, expected 1."
    );
    check::that(times == 1, words)?;
    for (status, content_type) in
        [(200, "text/plain"), (203, "application/json"), (300, "application/json")]
    {
        accepted(&site, &rng, status, content_type).await?;
    }
    Ok(())
}

async fn too_slow() -> Result<()> {
    let rng = check::rng();
    let site = Site::start(&rng).await?;
    let path = path_of(&rng.word());
    site.server.set_response(&path, 200, weather("Oslo", 11));
    let delayed = |delay| site.server.url(&format!("{path}?delay={delay}"));
    for late in [5000, 510] {
        let what = format!("two responses, after 490 ms and {late} ms");
        let (report, run) = site.fetch(&what, &[490, late].map(delayed)).await?;
        let (answered, failed) = (report.answers.len(), report.failures.len());
        let words = format!(
            "{what}: {answered} accepted, {failed} failed, expected 1 and 1."
        );
        run.that((answered, failed) == (1, 1), words).when(
            answered == 2 && late == 5000,
            "A response after 5000 ms was accepted. By default reqwest waits forever.",
        )?;
    }

    let deadline = 500 * MS;
    let what = "a response after 5000 ms";
    let (error, run) = site.failure(what, delayed(5000)).await?;
    judge_slow(what, &error, &run, deadline, "")?;

    let body = weather("Oslo", 11);
    let (start, rest) = body.split_at(rng.between(5..=15).unsigned_abs() as usize);
    let headers = |start: &str| RawServer::response(200, start, body.len());
    let forever = (FOREVER.as_millis() as u64 * 2, String::new());
    let pieces = body.chars().map(|c| (100, c.to_string()));
    let cases = [
        (
            "a response that stops halfway",
            vec![(0, headers(start)), forever.clone()],
            "The headers had arrived, and the rest did not come. The deadline must \
             cover the body too.",
        ),
        (
            "a response whose headers take 300 ms and whose body stops halfway",
            vec![(300, headers(start)), forever],
            "The headers came in time. The deadline must cover headers and body \
             together.",
        ),
        (
            "a response that arrives in pieces, one every 100 ms",
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

    let what = "a response whose body arrives in pieces until 450 ms";
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
            "The deadline expired {during}: both `{is}` and `is_timeout` are true. Which \
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
/// inner part of reqwest's error have no type that code can downcast to.
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
    let rng = check::rng();
    let site = Site::start(&rng).await?;
    let slow = site.server.url("/api/weather/Oslo?delay=5000");
    type Is = fn(&Cause) -> bool;
    let broken = site.server.url("/broken.json");
    let refused = site.server.refused_url()?;
    let [closing, stopping] =
        [Vec::new(), vec![(0, RawServer::response(200, "{", 9)), (9000, "".into())]]
            .map(RawServer::start);
    let (closing, stopping) = (closing.await?, stopping.await?);
    let [closed, stopped] = [&closing, &stopping].map(|one| one.url().to_owned());
    let refusal = "io::Error of kind ConnectionRefused";
    let cases: [(_, _, _, Is, _); 6] = [
        ("/broken.json", broken, "NotJson", is_of_json, "error of serde_json"),
        ("a refusal", refused, "Refused", is_refusal, refusal),
        ("a response after 5000 ms", slow, "TooSlow", is_timeout, TIMEOUT),
        ("a response that stops halfway", stopped, "TooSlow", is_timeout, TIMEOUT),
        ("an invalid URL", rng.word(), "Other", is_any, "error"),
        ("a connection closed without a response", closed, "Other", is_any, "error"),
    ];
    let mut texts: Vec<(String, String)> = Vec::new();
    for (what, url, expected, is, name) in cases {
        let (error, _) = site.failure(what, url).await?;
        let got = kind(&error);
        // Another check judges the kinds.
        if got != expected {
            continue;
        }
        judge_sources(&error, is, name)?;
        texts.push((got, error.to_string()));
    }
    // These have no inner error, or have one: both are fine.
    for query in ["?status=404", "?status=500"] {
        let url = site.server.url(&format!("/api/weather/Oslo{query}"));
        let (error, _) = site.failure(query, url).await?;
        if error.source().is_some() {
            judge_sources(&error, is_any, "error")?;
        }
        texts.push((kind(&error), error.to_string()));
    }
    for (kind, text) in &texts {
        let like = |(other, same): &&(String, String)| other != kind && same == text;
        let words =
            format!("`Display` of {kind} is {text:?}, which describes nothing.");
        check::that(!text.trim().is_empty(), words)?;
        let other = texts.iter().find(like).map_or("", |(other, _)| other);
        let words =
            format!("`Display` of {kind} and {other} is the same, {text:?}.");
        check::that(other.is_empty(), words)?;
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
            "`source` of {kind} is None, which is also the default.\n\
             Return the inner error for this kind too, so that code can inspect it; it \
             cannot inspect text."
        );
        return Err(Diagnosis::new(words).into());
    };
    // Fails if the chain of causes is endless.
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
    let debugged = chain.iter().map(|cause| without_port(&format!("{cause:?}")));
    let texts: Vec<_> = texts.into_iter().chain(debugged).collect();
    // A short text, such as `timed out`, is one that both may use by chance.
    let repeated = texts.iter().find(|t| t.len() >= 15 && text.contains(*t));
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
    let rng = check::rng();
    let site = Site::start(&rng).await?;
    let words = rng.words(4);
    let expected: Vec<_> = words.iter().map(|word| site.publish(word, 7)).collect();
    let url = |word: &String, delay: u32| {
        site.server.url(&format!("/api/weather/{word}?delay={delay}"))
    };
    let mut urls: Vec<_> = words.iter().map(|word| url(word, 400)).collect();
    let nothing_left = async || {
        // Aborted tasks are dropped, and the server notices that.
        sleep(2 * MS).await;
        let before = site.server.stats();
        sleep(2000 * MS).await;
        let left = before.in_flight;
        let more = site.server.stats().requests - before.requests;
        let words = format!(
            "{left} requests kept running, and {more} more began later: something that \
             `fetch_all` does not own runs them."
        );
        check::that(left + more == 0, words).because([check::OWNED_BY_RUNTIME])
    };
    let runs = Cell::new(0);
    check::cancelled_at_every_await(async |cancel| {
        runs.set(runs.get() + 1);
        let words = "it busy-loops while it waits for four responses.";
        check::that(runs.get() < 150, words)?;
        site.server.reset();
        cancel.run(fetch_all(&site.client, &urls)).await;
        nothing_left().await
    })
    .await?;

    // Now it is dropped after the first response.
    urls[0] = url(&words[0], 30);
    let dropped = timeout(70 * MS, fetch_all(&site.client, &urls)).await;
    check::that(dropped.is_err(), "it returned before three of the responses.")?;
    nothing_left().await.because(["It was dropped after 70 ms."])?;
    let (report, _) = site.fetch("four URLs again", &urls).await?;
    let why =
        "An earlier call was dropped; its answers do not belong into this one.";
    check::in_order(&answers(&report), &expected).because([why])?;

    // Now it is dropped while it reads a body. This server notices a client that is
    // gone at the second piece after that.
    let body = weather(&words[0], 7);
    let headers = RawServer::response(200, "", body.len());
    let pieces = [&body[..2], &body[2..4], &body[4..]];
    let pieces = pieces.map(|piece| (100, piece.to_owned()));
    let parts = [(0, headers)].into_iter().chain(pieces).collect();
    let server = RawServer::start(parts).await?;
    let urls = [server.url().to_owned()];
    let early = timeout(50 * MS, fetch_all(&site.client, &urls)).await;
    let words = "it returned before the body had arrived.";
    check::that(early.is_err(), words)?;
    sleep(2000 * MS).await;
    let words = "it was dropped while it read a body, which was read to its end all the \
                 same.";
    check::that(server.requests().is_empty(), words)
        .because([check::OWNED_BY_RUNTIME])
}
