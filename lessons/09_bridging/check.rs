//! The check of exercise 09.
//!
//! It calls `fetch_title` on threads of three kinds. A thread that is not in a
//! runtime takes the place of `main`'s, because the check's own is in one:
//!
//! ```text
//! check      url a   (waits)   url b   (waits) ...      paused clock, web server
//! caller     fetch_title(a)    fetch_title(b)           a thread of its own
//! ```
//!
//! The clock does not auto-advance while a task of `spawn_blocking` runs, and in
//! such tasks the check waits for its callers. It moves the clock when the server is
//! to respond, so a right answer takes no time, on any machine.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use std::{mem, thread};

use anyhow::Result;
use tokio::runtime::{Handle, Id};
use tokio::task::spawn_blocking;
use tokio::time::advance;

use super::client::log::{self, Log};
use super::fetch_title;
use async_workbook::check::{self, Explain};
use async_workbook::{text, web};

/// The real time for an operation that needs no virtual time.
const TIMEOUT: Duration = Duration::from_millis(2000);

/// The real time in which most calls return.
const SOON: Duration = Duration::from_millis(50);

/// The time on the paused clock for which the server holds requests. While that clock is
/// stopped, the check's own runtime wakes up once in this real time.
const HELD: Duration = Duration::from_millis(1000);

/// The real time in which a few calls that wait are observed: longer than a sleep
/// of 250 ms. It is shorter for many, to find threads that spin.
const OBSERVATION: Duration = Duration::from_millis(260);
const SHORT_OBSERVATION: Duration = Duration::from_millis(10);

/// The fewest attempts to see all threads asleep, of which each takes an observation.
const ATTEMPTS: usize = 12;

/// The most callers at the same time.
const MANY: usize = 76;

#[test]
fn check() -> check::Verdict {
    let mut exercise = check::Exercise::new();
    exercise.check("it works in `spawn_blocking`, in `main` and in a thread", right);
    exercise.check("all calls share one runtime and one client", shared);
    exercise.check("calls from several threads run at the same time", together);
    exercise.check("a failed call is an error, and the next one works", fails);
    exercise.verdict()
}

/// The runtimes of the checks: those of the callers in `spawn_blocking`.
static CALLERS: Mutex<Vec<Id>> = Mutex::new(Vec::new());

const SPAWN_BLOCKING: &str = "in `spawn_blocking`";
const MAIN: &str = "in `main`, which is not in a runtime";
const THREAD: &str = "in a thread that is not in a runtime";

/// The numbers of runtimes and clients after the first calls, which begin at the same
/// time.
static FIRST: Mutex<[usize; 2]> = Mutex::new([0; 2]);

/// The number of calls that have returned.
static RETURNED: AtomicUsize = AtomicUsize::new(0);

/// A call has not returned. The checks after that one wait for a shorter time.
static HANGS: AtomicBool = AtomicBool::new(false);

/// A thread that calls `fetch_title` with the URLs it receives.
struct Caller {
    place: &'static str,
    /// The most calls that may begin while one is waited for: one of each caller.
    most_calls: usize,
    urls: Sender<String>,
    results: Receiver<Result<Result<String>>>,
}

impl Caller {
    fn start(place: &'static str, most_calls: usize) -> Self {
        let ((urls, received), (sender, results)) = (channel::<String>(), channel());
        let code = move || {
            for url in received {
                let result = check::caught_call(|| fetch_title(&url));
                RETURNED.fetch_add(1, SeqCst);
                let _ = sender.send(result);
            }
        };
        match place == SPAWN_BLOCKING {
            true => drop(spawn_blocking(code)),
            false => drop(thread::spawn(code)),
        }
        Self { place, most_calls, urls, results }
    }

    /// Waits for the result of a call.
    async fn result(&mut self) -> Result<Result<String>> {
        let (_, none) = channel();
        let results = mem::replace(&mut self.results, none);
        let most_calls = self.most_calls;
        let receive = move || {
            // Before the state of all threads is read, which takes a while.
            if let Ok(result) = results.recv_timeout(SOON) {
                return (Ok(result), false, results);
            }
            let begun = log::with(|log| log.calls);
            let mut again = false;
            // On a slow machine, a call that makes progress gets more time.
            for _ in 0..3 {
                let before = activity();
                let result = results.recv_timeout(timeout());
                again = log::with(|log| log.calls) > begun + most_calls;
                let quiet = before.1.is_some() && activity() == before;
                if result.is_ok() || again || quiet {
                    return (result, again, results);
                }
            }
            (results.recv_timeout(Duration::ZERO), again, results)
        };
        let (result, again, results) = blocking(receive).await?;
        self.results = results;
        let place = self.place;
        if let Ok(result) = result {
            return result.because([format!("That was {place}.")]);
        }
        HANGS.store(true, SeqCst);
        let Log { calls, ended, runtimes, .. } = log_now();
        let why = match runtimes.len() {
            _ if again => "`Client::title` is called again and again.",
            _ if calls == ended => "`Client::title` is not running.",
            1 => {
                "`Client::title` waits for a socket, but no thread runs its runtime."
            }
            _ => {
                "Several runtimes have been used. A connection works only while a \
                 thread runs the runtime that opened it."
            }
        };
        let words = format!("{place}: a call does not return.\n{why}");
        Err(check::Diagnosis::new(words).into())
    }

    async fn call(&mut self, url: &str) -> Result<Result<String>> {
        self.urls.send(url.to_owned())?;
        self.result().await
    }
}

/// A web server, callers, and a page with a random title for each of them.
struct Site {
    server: Arc<web::Server>,
    titles: Vec<String>,
    callers: Vec<Caller>,
}

type Results = Vec<Result<Result<String>>>;

impl Site {
    async fn start(places: &[&'static str]) -> Result<Self> {
        CALLERS.lock().unwrap().push(Handle::current().id());
        let server = Arc::new(web::Server::start().await?);
        let start = |place: &&'static str| Caller::start(place, places.len());
        let callers = places.iter().map(start).collect();
        let mut site = Self { server, titles: Vec::new(), callers };
        site.change();
        site.delay(Duration::ZERO);
        Ok(site)
    }

    /// Sets new random titles; returns the old ones.
    fn change(&mut self) -> Vec<String> {
        let titles = check::rng().words(self.callers.len());
        for (page, title) in titles.iter().enumerate() {
            let body = format!("{title}\nThe second line.\n");
            self.server.set_response(&path(page), 200, body);
        }
        mem::replace(&mut self.titles, titles)
    }

    /// Sets how long the server takes.
    fn delay(&self, delay: Duration) {
        (0..self.callers.len())
            .for_each(|page| self.server.delay(&path(page), delay));
    }

    fn url(&self, page: usize) -> String {
        self.server.url(&path(page))
    }

    /// Formats an error without the port, which is different in every run.
    fn text(&self, error: anyhow::Error) -> String {
        format!("{error:#}").replace(&self.server.url(""), "")
    }

    /// Each caller in turn calls `fetch_title` for its page, until a call panics or
    /// hangs.
    async fn in_turn(&mut self) -> Results {
        let mut results = Vec::new();
        for page in 0..self.callers.len() {
            let url = self.url(page);
            results.push(self.callers[page].call(&url).await);
            if results[page].is_err() {
                break;
            }
        }
        results
    }

    /// Lets all callers call `fetch_title` at the same time: no client is created before
    /// all of them have had time to begin, because creating one locks the log.
    async fn begin_together(&self) -> Result<()> {
        let calls = self.callers.iter().enumerate();
        let calls =
            calls.map(|(page, caller)| (caller.urls.clone(), self.url(page)));
        let calls: Vec<_> = calls.collect();
        let begin = move || {
            log::with(|_| {
                calls.into_iter().for_each(|(urls, url)| drop(urls.send(url)));
                thread::sleep(2 * SHORT_OBSERVATION);
                // On a busy machine, a thread may not have begun yet.
                wait(timeout() / 4, check::all_asleep);
            });
        };
        blocking(begin).await
    }

    /// Waits for the results of calls that have begun, until one panics or hangs.
    async fn results(&mut self) -> Results {
        let mut results = Vec::new();
        for caller in &mut self.callers {
            results.push(caller.result().await);
            if results.last().is_some_and(Result::is_err) {
                break;
            }
        }
        results
    }

    /// Compares the results with the titles.
    fn all_equal(&self, results: Results) -> Result<()> {
        for (page, result) in results.into_iter().enumerate() {
            let got = result?.map_err(|error| self.text(error));
            let (place, expected) = (self.callers[page].place, &self.titles[page]);
            let words = format!("{place}: got {got:?}, expected Ok({expected:?}).");
            check::that(got.as_ref() == Ok(expected), words)?;
        }
        Ok(())
    }
}

fn path(page: usize) -> String {
    format!("/page/{page}")
}

/// Runs code that blocks, on a thread that may. It is not the code under test that
/// keeps the clock from moving.
async fn blocking<T: Send + 'static>(
    code: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    let _stopped = check::stop_clock();
    Ok(spawn_blocking(code).await?)
}

fn log_now() -> Log {
    log::with(|log| log.clone())
}

/// Returns [`TIMEOUT`], or less if a call has not returned: probably others will not.
fn timeout() -> Duration {
    if HANGS.load(SeqCst) { TIMEOUT / 4 } else { TIMEOUT }
}

/// Checks how often `Client::title` was called since `before`.
fn called(before: usize, expected: usize) -> Result<()> {
    let calls = log::with(|log| log.calls) - before;
    let words = format!(
        "`Client::title` was called {} for {} of `fetch_title`.",
        text::count(calls as u64, "time"),
        text::count(expected as u64, "call")
    );
    check::that(calls == expected, words)
}

/// Checks that the calls since `before` have used the same runtime and client, unless
/// there were several before.
fn same(before: &Log, when: &str) -> Result<()> {
    let now = log_now();
    let more = [
        ("used", "runtime", before.runtimes.len(), now.runtimes.len()),
        ("created", "client", before.clients, now.clients),
    ];
    more.into_iter().try_for_each(|(have, what, before, now)| {
        let more = (now - before) as u64;
        let more = text::count(more, &format!("more {what}"));
        let words = format!("{when}, calls have {have} {more}, expected none.");
        check::that(before > 1 || now == before, words)
    })
}

async fn right() -> Result<()> {
    // The first callers are in a runtime, and do not open the connections of `main`.
    let mut first = Site::start(&[SPAWN_BLOCKING; 3]).await?;
    first.begin_together().await?;
    let results = first.results().await;
    *FIRST.lock().unwrap() = log::with(|log| [log.runtimes.len(), log.clients]);
    first.all_equal(results)?;
    let then = Site::start(&[MAIN, THREAD, SPAWN_BLOCKING]).await?;
    for site in &mut [first, then] {
        let results = site.in_turn().await;
        site.all_equal(results)?;
        let old = site.change();
        let results = site.in_turn().await;
        let cached = results.iter().zip(old).any(|(result, old)| {
            result.as_ref().is_ok_and(|got| got.as_ref().ok() == Some(&old))
        });
        let why = "That is the title before the page was changed.";
        site.all_equal(results).because(cached.then_some(why))?;
    }
    called(0, 15)
}

async fn shared() -> Result<()> {
    let mut site = Site::start(&[SPAWN_BLOCKING, MAIN, THREAD]).await?;
    let mut rounds = Vec::new();
    for _ in 0..4 {
        rounds.push(site.in_turn().await);
        if rounds.iter().flatten().any(Result::is_err) {
            break;
        }
    }
    let compare = |mut rounds: Vec<Results>| {
        rounds.drain(..).try_for_each(|results| site.all_equal(results))
    };
    let Log { calls, clients, runtimes, .. } = log_now();
    if calls == 0 {
        return compare(rounds).and_then(|()| called(0, 27));
    }
    let callers = CALLERS.lock().unwrap().clone();
    let words = "`Client::title` ran on the runtime of a caller, in `spawn_blocking`. \
                 That runtime may end before the next call.";
    check::that(!callers.iter().any(|id| runtimes.contains(id)), words)?;
    // Six threads have called in the check before this one, and three in this one.
    let runtimes = runtimes.len();
    let threads = if runtimes == 9 { " on 9 threads" } else { "" };
    let words =
        format!("{calls} calls{threads} have used {runtimes} runtimes, expected 1.");
    let [first_runtimes, first_clients] = *FIRST.lock().unwrap();
    let raced = "The first 3 calls raced: they created all of these.";
    check::that(runtimes == 1, words).when(runtimes == first_runtimes, raced)?;
    let words = format!("{calls} calls have created {clients} clients, expected 1.");
    let opened = site.server.connections();
    let why = format!("The last 12 calls have opened {opened} connections.");
    // On a busy machine, a connection may return to the client after the next call.
    check::that(clients == 1, words)
        .when(clients == first_clients, raced)
        .when(opened > 6, why)?;
    compare(rounds)?;
    called(0, 27)
}

async fn together() -> Result<()> {
    // Many threads that spin would not end in time.
    held(4, OBSERVATION).await?;
    // Creating many clients takes a while. The check before this one reports them.
    let clients = log::with(|log| log.clients);
    let callers = MANY - 2 * check::rng().number(6);
    held(if clients > 1 { 6 } else { web::capacity(callers) }, SHORT_OBSERVATION)
        .await
}

/// Holds calls at the server, two for each page, and the first one for longer.
async fn held(count: usize, observation: Duration) -> Result<()> {
    let before = log_now();
    let places = [MAIN, THREAD, SPAWN_BLOCKING].into_iter().cycle();
    let mut site = Site::start(&places.take(count).collect::<Vec<_>>()).await?;
    site.titles = (0..count).map(|page| site.titles[page / 2].clone()).collect();
    let expected_returns = RETURNED.load(SeqCst) + count - 1;
    site.delay(2 * HELD);
    site.callers[0].urls.send(site.url(0))?;
    let server = Arc::clone(&site.server);
    blocking(move || wait(timeout(), || server.peak() > 0)).await?;
    site.delay(HELD);
    for (page, caller) in site.callers.iter().enumerate().skip(1) {
        caller.urls.send(site.url(page / 2))?;
    }
    let server = Arc::clone(&site.server);
    let hold = move || {
        let mut peak = 0;
        while peak < count && wait(timeout(), || server.peak() > peak) {
            peak = server.peak();
        }
        // One moment in which all threads sleep is enough: a slow machine needs longer.
        let (began, mut attempts) = (Instant::now(), 0);
        let mut last;
        let quiet = loop {
            last = activity();
            thread::sleep(observation);
            if last.1.is_some() && activity() == last {
                break true;
            }
            attempts += 1;
            if attempts >= ATTEMPTS && began.elapsed() >= TIMEOUT {
                break false;
            }
        };
        (server.peak(), quiet, activity().0 > last.0)
    };
    let (peak, quiet, polled) = blocking(hold).await?;
    site.delay(Duration::ZERO);
    advance(HELD).await;
    let others_returned =
        move || wait(timeout(), || RETURNED.load(SeqCst) >= expected_returns);
    let returned_in_time = blocking(others_returned).await?;
    advance(HELD).await;
    let what = match polled {
        true => {
            "`Client::title` was polled again and again. A runtime polls a future when \
             it can make progress."
        }
        false => {
            "threads woke up again and again. A thread that waits sleeps until there \
             is something to do."
        }
    };
    check::that(quiet, format!("while the server did not respond, {what}"))?;
    let results = site.results().await;
    site.all_equal(results)?;
    let sent = text::count(peak as u64, "request");
    let words = format!(
        "while the server did not respond, {count} calls sent {sent}, expected {count}."
    );
    let why = "There were two calls for each page.";
    check::that(peak == count, words).when(peak == count / 2, why)?;
    let words = format!(
        "the server had responded to calls 2 to {count}, but some of them returned only \
         after call 1."
    );
    check::that(returned_in_time, words)?;
    same(&before, &format!("while {count} calls ran at the same time"))
}

/// Returns the polls of all calls, and what is known of all threads if they sleep.
fn activity() -> (usize, Option<Vec<String>>) {
    (log::with(|log| log.polls), check::asleep())
}

/// Blocks until `holds`, or for `timeout`. Returns whether it holds.
fn wait(timeout: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let began = Instant::now();
    while began.elapsed() < timeout {
        if holds() {
            return true;
        }
        thread::sleep(Duration::from_millis(1));
    }
    holds()
}

/// Each failure is followed by calls that succeed.
async fn fails() -> Result<()> {
    let before = log_now();
    let mut site = Site::start(&[MAIN, THREAD, SPAWN_BLOCKING]).await?;
    let status = *check::rng().pick(&[403, 404, 410, 500, 503]);
    site.server.set_response("/page/9", status, "no such page");
    site.server.delay("/page/9", Duration::ZERO);
    let (missing, refused) = (site.url(9), site.server.refused_url()?);
    let what = format!("a page with status {status}");
    type Failure<'a> = (&'a str, &'a str, Option<u16>, fn(&reqwest::Error) -> bool);
    let missing: Failure = (&what, &missing, Some(status), |_| true);
    let refused: Failure =
        ("a refused connection", &refused, None, |error| error.is_connect());
    let invalid: Failure =
        ("a URL without a host", "/page/1", None, |error| error.is_builder());
    // The same page again: it has to fail again, with a request.
    let failures = [missing, refused, missing, invalid];
    for (page, (what, url, status, is)) in failures.into_iter().enumerate() {
        let calls = log::with(|log| log.calls);
        let got = site.callers[page % 3].call(url).await;
        let got = got.because([format!("The call was for {what}.")])?;
        let is_it = match &got {
            Ok(_) => false,
            Err(error) => check::chain(error.as_ref())?.iter().any(|cause| {
                let error = cause.downcast_ref::<reqwest::Error>();
                error.is_some_and(|error| {
                    error.status().map(|status| status.as_u16()) == status
                        && is(error)
                })
            }),
        };
        let got = got.map_err(|error| site.text(error));
        let words = format!(
            "{what}: got {got:?}, expected the error of `Client::title`, which is a \
             `reqwest::Error`."
        );
        check::that(is_it, words)?;
        called(calls, 1).because([format!("That was for {what}.")])?;
        let why = format!("The call before that was for {what}.");
        let results = site.in_turn().await;
        site.all_equal(results).because([why])?;
    }
    same(&before, "after calls that failed")
}
