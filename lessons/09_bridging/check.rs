//! The check of exercise 09.
//!
//! It calls `fetch_title` on threads of three kinds. A thread that is not in a
//! runtime stands for `main`'s, because the check's own is in one:
//!
//! ```text
//! check      url a   (waits)   url b   (waits) ...      paused clock, web server
//! caller     fetch_title(a)    fetch_title(b)           a thread of its own
//! ```
//!
//! The clock does not move by itself while a task of `spawn_blocking` runs, and in
//! such tasks the check waits for its callers. It moves the clock when the server is
//! to respond, so a right answer takes no time, on any machine.

use std::mem;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::runtime::{Handle, Id};
use tokio::task::spawn_blocking;
use tokio::time::advance;

use super::client::log::{self, Log};
use super::fetch_title;
use async_workbook::check::{self, Explain};
use async_workbook::{text, web};

/// The real time in which something has to happen that needs no time.
const PATIENCE: Duration = Duration::from_millis(2000);

/// How long the server holds requests, on the paused clock.
const HELD: Duration = Duration::from_millis(100);

/// The real time in which calls that wait must not be polled this often.
const LOOK: Duration = Duration::from_millis(50);
const MANY: usize = 20;

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

/// A thread that calls `fetch_title` with the URLs it receives.
struct Caller {
    place: &'static str,
    urls: Sender<String>,
    results: Receiver<Result<Result<String>>>,
}

impl Caller {
    fn start(place: &'static str) -> Self {
        let ((urls, received), (sender, results)) = (channel::<String>(), channel());
        let code = move || {
            for url in received {
                let _ = sender.send(check::caught_call(|| fetch_title(&url)));
            }
        };
        match place == SPAWN_BLOCKING {
            true => drop(spawn_blocking(code)),
            false => drop(thread::spawn(code)),
        }
        Self { place, urls, results }
    }

    /// Waits for the result of a call.
    async fn result(&mut self) -> Result<Result<String>> {
        let (_, none) = channel();
        let results = mem::replace(&mut self.results, none);
        let receive = move || {
            let result = results.recv_timeout(PATIENCE);
            let before = log::with(|log| log.calls);
            let again = || log::with(|log| log.calls) > before + 2;
            let again = result.is_err() && wait(LOOK, again);
            (result, again, results)
        };
        let (result, again, results) = spawn_blocking(receive).await?;
        self.results = results;
        let place = self.place;
        if let Ok(result) = result {
            return result.because([format!("That was {place}.")]);
        }
        let Log { calls, ended, runtimes, .. } = log::with(|log| log.clone());
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

/// A web server, callers, and a page with a drawn title for each of them.
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
        let callers = places.iter().map(|place| Caller::start(place)).collect();
        let mut site = Self { server, titles: Vec::new(), callers };
        site.change();
        site.delay(Duration::ZERO);
        Ok(site)
    }

    /// Draws new titles; returns the old ones.
    fn change(&mut self) -> Vec<String> {
        let titles = check::draw().words(self.callers.len());
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

/// Checks how often `Client::title` was called.
fn called(expected: usize) -> Result<()> {
    let calls = log::with(|log| log.calls);
    let times = text::count(calls as u64, "time");
    let words = format!(
        "`Client::title` was called {times} for {expected} calls of `fetch_title`."
    );
    check::that(calls == expected, words)
}

async fn right() -> Result<()> {
    // The first caller is in a runtime, and does not open the connections of `main`.
    let first = Site::start(&[SPAWN_BLOCKING]).await?;
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
    called(8)
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
    let Log { calls, clients, runtimes, .. } = log::with(|log| log.clone());
    if calls == 0 {
        return compare(rounds).and_then(|()| called(20));
    }
    let callers = CALLERS.lock().unwrap().clone();
    let words = "`Client::title` ran on the runtime of a caller, in `spawn_blocking`. \
                 That runtime may end before the next call.";
    check::that(!callers.iter().any(|id| runtimes.contains(id)), words)?;
    // Four threads have called in the check before this one, and three in this one.
    let runtimes = runtimes.len();
    let threads = if runtimes == 7 { " on 7 threads" } else { "" };
    let words =
        format!("{calls} calls{threads} have used {runtimes} runtimes, expected 1.");
    check::that(runtimes == 1, words)?;
    let words = format!(
        "{calls} calls have created {clients} clients, expected 1. Each has \
         connections of its own: the last 12 calls have opened {}.",
        text::count(site.server.connections() as u64, "connection")
    );
    check::that(clients == 1, words)?;
    compare(rounds)?;
    called(20)
}

/// Holds six calls at the server.
async fn together() -> Result<()> {
    let places = [MAIN, THREAD, SPAWN_BLOCKING, SPAWN_BLOCKING, THREAD, MAIN];
    let mut site = Site::start(&places).await?;
    site.delay(HELD);
    for (page, caller) in site.callers.iter().enumerate() {
        caller.urls.send(site.url(page))?;
    }
    let server = Arc::clone(&site.server);
    let hold = move || {
        wait(PATIENCE, || server.peak() == 6);
        let polls = log::with(|log| log.polls);
        let again = wait(LOOK, || log::with(|log| log.polls) > polls + MANY);
        (server.peak(), again)
    };
    let (peak, again) = spawn_blocking(hold).await?;
    site.delay(Duration::ZERO);
    advance(HELD).await;
    let mut results = Vec::new();
    for caller in &mut site.callers {
        results.push(Ok(caller.result().await?));
    }
    site.all_equal(results)?;
    check::peak("requests", peak, 6)?;
    let words = "while the server did not respond, `Client::title` was polled again and \
                 again. A runtime polls a future when it can make progress.";
    check::that(!again, words)
}

/// Blocks until `holds`, or for `patience`. Returns whether it holds.
fn wait(patience: Duration, holds: impl Fn() -> bool) -> bool {
    let began = Instant::now();
    while !holds() && began.elapsed() < patience {
        thread::sleep(Duration::from_millis(1));
    }
    holds()
}

/// Each failure is followed by a call that succeeds.
async fn fails() -> Result<()> {
    let mut site = Site::start(&[MAIN, THREAD, SPAWN_BLOCKING]).await?;
    let status = *check::draw().pick(&[403, 404, 410, 500, 503]);
    site.server.set_response("/page/9", status, "no such page");
    site.server.delay("/page/9", Duration::ZERO);
    let (missing, refused) = (site.url(9), site.server.refused_url()?);
    let (status, what) =
        (status.to_string(), format!("a page with status {status}"));
    let missing = (&*what, &missing, &*status);
    let refused = ("a refused connection", &refused, "error sending request");
    let failures = [missing, refused, missing];
    for (page, (what, url, reports)) in failures.into_iter().enumerate() {
        let got = site.callers[page].call(url).await;
        let got = got.because([format!("The call was for {what}.")])?;
        let got = got.map_err(|error| site.text(error));
        let words =
            format!("{what}: got {got:?}, expected the error of `Client::title`.");
        let is_it = got.is_err_and(|error| error.contains(reports));
        check::that(is_it, words)?;
        let why = format!("The call before that was for {what}.");
        let results = site.in_turn().await;
        site.all_equal(results).because([why])?;
    }
    Ok(())
}
