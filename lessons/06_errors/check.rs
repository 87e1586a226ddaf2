//! The check of exercise 06.

use std::cell::Cell;
use std::error::Error;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use reqwest::Client;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::spawn_blocking;
use tokio::time::error::Elapsed;
use tokio::time::{sleep, timeout};

use super::{FetchError, Report, fetch_all};
use async_workbook::check::{self, Diagnosis, Difference, Draw, Pace, Run};
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

    /// Publishes the weather of a city and returns the path and the weather.
    fn publish(&self, city: &str, celsius: i32) -> (String, String) {
        let path = format!("/api/weather/{city}");
        self.server.set_response(&path, 200, weather(city, celsius));
        (path, format!("{city}: {celsius}"))
    }

    async fn fetch(&self, what: &str, urls: &[String]) -> Result<(Report, Run<()>)> {
        self.server.reset();
        let mut report = None;
        let run = check::run(what, async {
            let all = fetch_all(&self.client, urls);
            report = timeout(FOREVER, all).await.ok();
        });
        let run = run.await;
        self.not_repeated(what, urls)?;
        let stuck = || Diagnosis::new(format!("{what}: not done within a minute."));
        Ok((report.ok_or_else(stuck)?, run))
    }

    /// Checks that no URL was requested more often than it is in the list.
    fn not_repeated(&self, what: &str, urls: &[String]) -> Result<()> {
        let requests = self.server.requests();
        for request in &requests {
            let listed = urls.iter().filter(|url| path(url) == request.path).count();
            let times = requests.iter().filter(|r| r.path == request.path).count();
            let words = format!(
                "{what}: `{}` was requested {times} times, expected {listed}.",
                request.path
            );
            let why = request.status.map(|status| {
                format!("The first response had the status {status}.")
            });
            let judged = check::that(times <= listed, words);
            check::explain(judged, why.as_deref())?;
        }
        Ok(())
    }

    /// Fetches a single URL and returns its failure.
    async fn failure(
        &self,
        what: &str,
        url: String,
    ) -> Result<(FetchError, Run<()>)> {
        let (mut report, run) = self.fetch(what, &[url]).await?;
        let failure = report.failures.pop();
        let took = run.took.as_millis();
        let answer = match report.answers.is_empty() {
            true => "neither that nor an answer",
            false => "an answer",
        };
        let none = || {
            let words =
                format!("{what}: expected a failure, got {answer} after {took} ms.");
            Diagnosis::new(words)
        };
        Ok((failure.ok_or_else(none)?.1, run))
    }
}

fn weather(city: &str, celsius: i32) -> String {
    format!(r#"{{"city": "{city}", "celsius": {celsius}, "sky": "clear"}}"#)
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
    let mut times: Vec<_> =
        draw.distinct(7, 50..=400).into_iter().map(i32::unsigned_abs).collect();
    times.sort_unstable();
    let celsius = draw.distinct(4, -20..=40);
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for (place, (name, time)) in [(5, 4), (0, 5), (6, 0), (1, 2)].iter().enumerate()
    {
        let (path, text) = site.publish(&words[*name], celsius[place]);
        site.server.delay(&path, times[*time] * MS);
        good.push((path, text, times[*time]));
    }
    for (name, time) in [(4, 6), (2, 3), (3, 1)] {
        let path = format!("/api/weather/{}", words[name]);
        site.server.delay(&path, times[time] * MS);
        bad.push((path.clone(), path, times[time]));
    }
    let failing_later = &bad[1].0;
    site.server.set_response(failing_later, 503, weather(&words[2], celsius[0]));
    // Two of them are in the list twice.
    let good = [0, 1, 2, 0, 3].map(|place| good[place].clone());
    let bad = [0, 1, 0, 2].map(|place| bad[place].clone());
    let list = [
        &good[0], &bad[0], &good[1], &bad[1], &good[2], &good[3], &bad[2], &good[4],
        &bad[3],
    ];
    let urls: Vec<_> = list.iter().map(|(path, ..)| site.server.url(path)).collect();

    let (Report { answers, failures }, run) = site.fetch("nine URLs", &urls).await?;
    let answers: Vec<_> = answers
        .iter()
        .map(|answer| format!("{}: {}", answer.city, answer.celsius))
        .collect();
    let none = answers.is_empty() && failures.len() == 1;
    let why = match none {
        true => Some("One failure is all that is left of nine results.".to_owned()),
        false => by_time(&answers, &good),
    };
    let expected = good.clone().map(|(_, text, _)| text);
    let judged = check::in_order(&answers, &expected);
    run.pictured(check::explain(judged, why.as_deref()))?;

    let failed: Vec<_> =
        failures.iter().map(|(url, _)| path(url).to_owned()).collect();
    let expected = bad.clone().map(|(path, ..)| path);
    let why = match check::difference(&failed, &expected) {
        Some(Difference::Empty) => {
            Some("No failure is reported. What happens to an `Err`?".to_owned())
        }
        Some(Difference::AllEqual) => {
            Some("Each failure needs the URL that it belongs to.".to_owned())
        }
        _ => by_time(&failed, &bad),
    };
    let judged = check::in_order(&failed, &expected);
    run.pictured(check::explain(judged, why.as_deref()))?;

    // A server that notes who asks.
    let site_text = weather(&words[0], celsius[3]);
    let page = http(200, &site_text, site_text.len());
    let (url, heads) = serve(vec![(0, page)]).await?;
    let (_, _run) = site.fetch("a weather", &[url]).await?;
    let heads = heads.lock().unwrap_or_else(PoisonError::into_inner).join("\n");
    let agent = heads.lines().find_map(|line| line.strip_prefix("user-agent: "));
    let words = format!(
        "the request did not come from the client that `fetch_all` was given: that \
         one has the user agent {:?}, and the request had {agent:?}.",
        site.agent
    );
    check::that(agent == Some(&*site.agent), words)
}

/// Explains an order if it is that of completion.
fn by_time(got: &[String], list: &[(String, String, u32)]) -> Option<String> {
    let mut list = list.to_vec();
    list.sort_by_key(|(.., time)| *time);
    let same = got.iter().eq(list.iter().map(|(_, text, _)| text));
    same.then(|| "They are in the order in which they arrived.".to_owned())
}

async fn together() -> Result<()> {
    let draw = check::draw();
    let site = Site::start(&draw).await?;
    for count in [6, 120] {
        let words = draw.words(count);
        let celsius = draw.between(-20..=20);
        let mut expected = Vec::new();
        // Every fourth city is unknown.
        for (n, word) in words.iter().enumerate().filter(|(n, _)| n % 4 != 2) {
            expected.push(site.publish(word, celsius + n as i32).1);
        }
        let urls: Vec<_> = words
            .iter()
            .map(|word| site.server.url(&format!("/api/weather/{word}")))
            .collect();
        let what = format!("{count} URLs");
        let pace = |each: u32| Pace::of(count as u32, "requests", each * MS);
        let report = if count == 6 {
            // A prime: a loop of short sleeps does not end at the same time by chance.
            let each = *draw.pick(&[97, 101, 103, 107, 109, 113]);
            urls.iter().for_each(|url| site.server.delay(path(url), each * MS));
            let (report, run) = site.fetch(&what, &urls).await?;
            let peak = site.server.peak();
            let why = (peak == 1).then_some(
                "Is each request awaited before the next one is created?",
            );
            let judged = check::peak("requests", peak, count);
            run.pictured(check::explain(judged, why))?;
            run.paced(&pace(each))?;
            let parks = run.parks;
            let words = format!(
                "the thread woke up {parks} times while it waited for {count} answers: \
                 something looks again and again whether they are there."
            );
            check::that(parks < 40, words)?;
            report
        } else {
            // Not `check::run`: opening this many connections holds the thread.
            site.server.reset();
            let done = hold_clock(Arc::clone(&site.server), count);
            let began = tokio::time::Instant::now();
            let report = timeout(FOREVER, fetch_all(&site.client, &urls)).await;
            let took = began.elapsed();
            drop(done);
            site.not_repeated(&what, &urls)?;
            let stuck =
                || Diagnosis::new(format!("{what}: not done within a minute."));
            let report = report.map_err(|_elapsed| stuck())?;
            check::peak("requests", site.server.peak(), count)?;
            pace(100).judge(took)?;
            report
        };
        let mut answers: Vec<_> = report
            .answers
            .iter()
            .map(|answer| format!("{}: {}", answer.city, answer.celsius))
            .collect();
        // Equal delays: the order of arrival is not the same in each run.
        answers.sort_unstable();
        expected.sort_unstable();
        check::in_order(&answers, &expected)?;
        let (failed, unknown) = (report.failures.len(), count - expected.len());
        let words = format!("{what}: {failed} failures, expected {unknown}.");
        check::that(failed == unknown, words)?;
    }
    Ok(())
}

/// Stops the paused clock until `count` requests are in flight, and later until the
/// sender that this function returns is dropped.
///
/// The clock moves as soon as the runtime has nothing to do. With this many
/// connections, the kernel may not have delivered all requests by then. But the clock
/// does not move while one of tokio's blocking threads works.
fn hold_clock(server: Arc<web::Server>, count: usize) -> mpsc::Sender<()> {
    let (done, until_done) = mpsc::channel();
    let arrival = spawn_blocking(move || {
        let mut last = (0, Instant::now());
        // An answer that sets a bound never has that many in flight.
        while last.0 < count && last.1.elapsed() < 500 * MS {
            thread::sleep(MS);
            let in_flight = server.stats().in_flight;
            if in_flight != last.0 {
                last = (in_flight, Instant::now());
            }
        }
    });
    tokio::spawn(async move {
        arrival.await?;
        // The server answers after 100 ms.
        sleep(100 * MS).await;
        spawn_blocking(move || until_done.recv_timeout(3000 * MS)).await
    });
    done
}

async fn apart() -> Result<()> {
    const LOST: &str = "not among the failures";
    let draw = check::draw();
    let site = Site::start(&draw).await?;
    let city = draw.word();
    let body = weather(&city, draw.between(-20..=40));
    let (client, server) = (
        *draw.pick(&[400, 401, 403, 409, 410, 418, 429]),
        *draw.pick(&[500, 502, 503]),
    );
    let (client_kind, server_kind) =
        (format!("Status({client})"), format!("Status({server})"));
    let missing = format!("no such city: {city}");
    let without_celsius = format!(r#"{{"city": "{city}"}}"#);
    let page = |status: u16, body: &str| {
        let path = format!("/api/weather/{}", draw.word());
        site.server.set_response(&path, status, body);
        site.server.url(&path)
    };
    let of_city = |query| site.server.url(&format!("/api/weather/Oslo{query}"));
    let with_client = format!("status {client} with the text of a 404");
    let with_server = format!("status {server} with the JSON of a weather");
    let plain = format!("?status={server}");
    let plain_text = format!("status {server} with a text");
    let cases = [
        ("an unknown city", site.server.url("/api/weather/Atlantis"), "NotFound"),
        ("status 404 with the JSON of a weather", page(404, &body), "NotFound"),
        ("status 404 without a text", site.server.url("/nowhere"), "NotFound"),
        ("status 404 with another text", of_city("?status=404"), "NotFound"),
        (&plain_text, of_city(&plain), &server_kind),
        (&with_server, page(server, &body), &server_kind),
        (&with_client, page(client, &missing), &client_kind),
        ("status 200 with the text of a 404", page(200, &missing), "NotJson"),
        ("status 200 without a text", page(200, ""), "NotJson"),
        ("truncated JSON", site.server.url("/broken.json"), "NotJson"),
        ("JSON of something else", site.server.url("/api/events/Oslo"), "NotJson"),
        ("a weather without `celsius`", page(200, &without_celsius), "NotJson"),
        ("a port without a listener", site.server.refused_url()?, "Refused"),
        ("a connection closed without an answer", hangs_up().await?, "Other"),
        ("an invalid URL", city.clone(), "Other"),
    ];
    let urls: Vec<_> = cases.iter().map(|(_, url, _)| url.clone()).collect();
    let what = format!("{} failing URLs", urls.len());
    let (Report { answers, failures }, _) = site.fetch(&what, &urls).await?;
    for (what, url, expected) in cases {
        let failure = failures.iter().find(|(failed, _)| *failed == url);
        let got = failure.map_or(LOST.to_owned(), |(_, error)| kind(error));
        let status = expected == "NotFound" || expected.starts_with("Status");
        let why = match &*got {
            LOST if answers.is_empty() => None,
            "NotJson" | LOST if status => Some(
                "An answer with an error status is still an `Ok` answer until \
                 `error_for_status` turns it into an error.",
            ),
            "Refused" => Some(
                "The connection was refused only if the error's `is_connect` is \
                 true.",
            ),
            "NotFound" => {
                Some("Only the status 404 is NotFound, whatever the body is.")
            }
            _ => None,
        };
        let words = format!("{what} is {got}, expected {expected}.");
        check::explain(check::that(got == expected, words), why)?;
    }
    Ok(())
}

async fn too_slow() -> Result<()> {
    let draw = check::draw();
    let site = Site::start(&draw).await?;
    let path = format!("/api/weather/{}", draw.word());
    site.server.set_response(&path, 200, weather("Oslo", 11));
    for late in [5000, 510] {
        let what = format!("two answers, after 490 ms and {late} ms");
        let two = [490, late]
            .map(|delay| site.server.url(&format!("{path}?delay={delay}")));
        let (report, run) = site.fetch(&what, &two).await?;
        let (answered, failed) = (report.answers.len(), report.failures.len());
        let words = format!(
            "{what}: {answered} accepted, {failed} failed, expected 1 and 1."
        );
        let why = (answered == 2 && late == 5000).then_some(
            "An answer after 5000 ms was accepted. By default reqwest waits forever.",
        );
        let judged = check::that((answered, failed) == (1, 1), words);
        run.pictured(check::explain(judged, why))?;
    }

    let deadline = 500 * MS;
    let what = "an answer after 5000 ms";
    let (error, run) =
        site.failure(what, site.server.url(&format!("{path}?delay=5000"))).await?;
    judge_slow(what, &error, &run, deadline, &[])?;

    let decode = (
        "NotJson",
        "The time ran out while the body was being decoded: both `is_decode` and \
         `is_timeout` are true. Which one must be checked first?",
    );
    let body = weather("Oslo", 11);
    let (start, rest) = body.split_at(draw.between(5..=15).unsigned_abs() as usize);
    let headers = |start: &str| http(200, start, body.len());
    let forever = FOREVER.as_millis() as u64 * 2;
    let cases = [
        (
            "an answer that stops halfway",
            vec![(0, headers(start)), (forever, String::new())],
            "The headers had arrived, and the rest did not come. The deadline must \
             cover the body too.",
        ),
        (
            "an answer whose headers take 300 ms and whose body stops halfway",
            vec![(300, headers(start)), (forever, String::new())],
            "The headers came in time. The deadline must cover headers and body \
             together.",
        ),
        (
            "an answer that arrives in pieces, one every 100 ms",
            [(0, headers(""))]
                .into_iter()
                .chain(body.chars().map(|c| (100, c.to_string())))
                .collect(),
            "Each piece came in time. The deadline must cover all of them together.",
        ),
    ];
    for (what, parts, too_late) in cases {
        let (url, _) = serve(parts).await?;
        let failed = site.failure(what, url).await;
        let (error, run) = check::explain(failed, Some(too_late))?;
        judge_slow(what, &error, &run, deadline, &[decode, ("late", too_late)])?;
    }

    let what = "an answer whose body arrives in pieces until 450 ms";
    let parts = vec![(200, headers(start)), (250, rest.to_owned())];
    let (report, _) = site.fetch(what, &[serve(parts).await?.0]).await?;
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
    let connect = (
        "Refused",
        "The time ran out while connecting: both `is_connect` and `is_timeout` are \
         true. Which one must be checked first?",
    );
    let late = ("late", "The client that `fetch_all` was given has this limit.");
    judge_slow(&what, &error, &run, site.connect_timeout, &[connect, late])
}

/// A response with a part of its body.
fn http(status: u16, body: &str, length: usize) -> String {
    format!(
        "HTTP/1.1 {status} Some text\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

/// A URL whose server reads the request and closes the connection.
async fn hangs_up() -> Result<String> {
    Ok(serve(Vec::new()).await?.0)
}

/// Serves one request with these parts, each after a delay in milliseconds. Returns
/// the URL, and the headers of the request once it has come.
async fn serve(
    parts: Vec<(u64, String)>,
) -> Result<(String, Arc<Mutex<Vec<String>>>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/", listener.local_addr()?);
    let heads = Arc::default();
    let log: Arc<Mutex<Vec<String>>> = Arc::clone(&heads);
    tokio::spawn(async move {
        loop {
            let (mut connection, _) = listener.accept().await?;
            // The request is short enough to arrive in one piece.
            let mut head = [0; 2000];
            let length = connection.read(&mut head).await?;
            let head = String::from_utf8_lossy(&head[..length]).into_owned();
            log.lock().unwrap_or_else(PoisonError::into_inner).push(head);
            for (delay, part) in &parts {
                sleep(Duration::from_millis(*delay)).await;
                if connection.write_all(part.as_bytes()).await.is_err() {
                    break;
                }
            }
        }
        #[expect(unreachable_code, reason = "the type of the loop's errors")]
        io::Result::Ok(())
    });
    Ok((url, heads))
}

/// Checks that the error is `TooSlow` and came after `limit`. Of the explanations,
/// takes that for the kind that was seen.
fn judge_slow(
    what: &str,
    error: &FetchError,
    run: &Run<()>,
    limit: Duration,
    why: &[(&str, &str)],
) -> Result<()> {
    let got = kind(error);
    let why_is = |kind| why.iter().find(|(of, _)| *of == kind).map(|(_, why)| *why);
    let words = format!("{what} is {got}, expected TooSlow.");
    check::explain(check::that(got == "TooSlow", words), why_is(&*got))?;
    // reqwest and tokio round a limit up to the next millisecond.
    let on_time = run.took >= limit && run.took <= limit + MS;
    let late = run.took > limit;
    let (took, limit) = (run.took.as_millis(), limit.as_millis());
    let words = format!("{what} failed after {took} ms, expected {limit} ms.");
    let why = why_is("late").filter(|_| late);
    run.pictured(check::explain(check::that(on_time, words), why))
}

type Cause = dyn Error + 'static;

/// The source of the error that reqwest returns when the time is up.
const REQWEST_TIMED_OUT: &str = "operation timed out";

fn is_of_json(cause: &Cause) -> bool {
    cause.downcast_ref::<serde_json::Error>().is_some_and(|e| e.is_eof())
}

fn is_refusal(cause: &Cause) -> bool {
    let io = cause.downcast_ref::<io::Error>();
    io.is_some_and(|io| io.kind() == ErrorKind::ConnectionRefused)
}

/// Accepts the errors of reqwest and tokio, and an answer's own type. A text and the
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
    let chain = check::explain(check::chain(source), Some(&of_kind))?;
    let texts: Vec<_> =
        chain.iter().map(|cause| without_port(&cause.to_string())).collect();
    let words = format!(
        "there is no {name} among the sources of {kind}. Its sources are {texts:?}."
    );
    let why = match &*chain {
        // The innermost error of a reqwest timeout.
        [only] if only.to_string() == REQWEST_TIMED_OUT => Some(
            "That is the source of the inner error. Return the inner error itself, \
             `Some(error)`; `error.source()` skips it.",
        ),
        [_] => Some(
            "This error has no source of its own. If it was made from the text of the \
             inner error, that one is lost: keep the error itself.",
        ),
        _ => None,
    };
    let found = chain.iter().any(|cause| expected(*cause));
    check::explain(check::that(found, words), why)?;

    let text = error.to_string();
    // A short text, such as `timed out`, is one that both may use by chance.
    let mut texts = chain.iter().map(|cause| cause.to_string());
    let repeated = texts.find(|t| t.len() >= 20 && text.contains(t));
    let Some(repeated) = repeated else { return Ok(()) };
    let repeated = without_port(&repeated);
    let words = format!(
        "`Display` of {kind} repeats the text of its `source`, {repeated:?}. A program \
         that prints all causes prints it twice."
    );
    Err(Diagnosis::new(words).into())
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
    let words = draw.words(4);
    let urls: Vec<_> = words
        .iter()
        .map(|word| site.server.url(&format!("/api/weather/{word}?delay=400")))
        .collect();
    let runs = Cell::new(0);
    check::cancelled_at_every_await(async |cancel| {
        runs.set(runs.get() + 1);
        let words = "it wakes up again and again while it waits for four answers.";
        check::that(runs.get() < 150, words)?;
        site.server.reset();
        cancel.run(fetch_all(&site.client, &urls)).await;
        // Let aborted tasks go away and the server notice.
        sleep(50 * MS).await;
        let stats = site.server.stats();
        let (left, requests) = (stats.in_flight, stats.requests);
        let why = "Something that `fetch_all` does not own still runs them. The \
                   runtime owns a spawned task, so the task keeps running when its \
                   handle is dropped. Futures that are not spawned are dropped with \
                   their owner, and so are the tasks of a `JoinSet`.";
        let words = format!("{left} requests kept running.");
        check::explain(check::that(left == 0, words), Some(why))?;
        sleep(2000 * MS).await;
        let more = site.server.stats().requests - requests;
        let words = format!("{more} requests began later.");
        check::explain(check::that(more == 0, words), Some(why))
    })
    .await
}
