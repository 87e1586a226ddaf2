//! The service that the functions of exercise 11 call. It is correct: do not change it.

use std::error::Error;
use std::ops::Deref;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::sleep;
use tracing::{Instrument, info_span};

/// An address, a URL or a whole issue. Each copy is counted, also one that `new`
/// makes.
#[derive(Debug)]
pub struct Text(Box<str>);

impl Text {
    pub fn new(text: &str) -> Self {
        log::with(|log| log.copies += 1);
        Self(text.into())
    }
}

impl Clone for Text {
    fn clone(&self) -> Self {
        Self::new(&self.0)
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// Welcomes subscriber 1, 2, 3 ...
pub async fn welcome(number: usize) {
    call("welcome", &number.to_string()).await;
}

/// Sends a mail.
pub async fn send(address: &Text) {
    call("send", address).await;
}

/// Uploads an issue to a host.
pub async fn upload(host: &str, issue: &Text) {
    call("upload", &format!("{} to {host}", &**issue)).await;
}

/// Books a seat.
pub async fn book(seat: usize) {
    call("book", &seat.to_string()).await;
}

/// Reports a problem.
pub async fn report(problem: &str) {
    call("report", problem).await;
}

/// Fetches a page, and returns its size.
pub async fn fetch(url: &Text) -> usize {
    call("fetch", url).await;
    log::with(|log| log.sizes.get(&**url).copied()).unwrap_or(url.len())
}

/// Parses the number of a seat.
pub fn parse(text: &str) -> Result<usize, Box<dyn Error>> {
    log::with(|log| log.parsed += 1);
    let mark = log::with(|log| log.mark.clone());
    text.parse().map_err(|error| format!("{text}: {error}{mark}").into())
}

/// A parsed page. Like those of many parsers, it is not `Send`.
pub struct Page {
    pub title: Rc<str>,
    links: Vec<Rc<str>>,
}

impl Page {
    /// Parses a title, and links.
    pub fn parse(html: &str) -> Self {
        log::with(|log| log.parsed += 1);
        let mut words = html.split(' ').map(Rc::from);
        Self { title: words.next().unwrap_or_default(), links: words.collect() }
    }

    /// Returns the URLs of the links.
    pub fn links(&self) -> Vec<Text> {
        self.links.iter().map(|link| Text((**link).into())).collect()
    }
}

/// Takes 100 ms.
async fn call(what: &'static str, argument: &str) {
    let time = log::with(|log| {
        log.called.push((what, argument.to_owned()));
        log.time(argument)
    });
    let span = info_span!("", message = format!("{what} {argument}"));
    sleep(Duration::from_millis(time)).instrument(span).await;
    log::with(|log| log.ended.push((what, argument.to_owned())));
}

/// A log of the calls, for the check. The check also sets random times and results for
/// them. It counts changes that this file has not made.
pub mod log {
    #![allow(dead_code, reason = "only the check reads the log")]

    use std::collections::HashMap;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Mutex, PoisonError};

    #[derive(Clone, Debug, Default)]
    pub struct Log {
        /// The functions that were called, with their arguments.
        pub called: Vec<(&'static str, String)>,
        /// Those of them that have ended.
        pub ended: Vec<(&'static str, String)>,
        pub copies: usize,
        /// The number of calls to `parse` and `Page::parse`.
        pub parsed: usize,
        /// Milliseconds, by argument.
        pub times: HashMap<String, u64>,
        /// The end of each error.
        pub mark: String,
        /// The sizes of pages, by URL.
        pub sizes: HashMap<String, usize>,
    }

    impl Log {
        /// Returns the milliseconds that a call with this argument takes.
        pub fn time(&self, argument: &str) -> u64 {
            self.times.get(argument).copied().unwrap_or(100)
        }
    }

    static LOG: Mutex<Option<Log>> = Mutex::new(None);

    static CHANGES: AtomicUsize = AtomicUsize::new(0);

    pub(super) fn with<T>(access: impl FnOnce(&mut Log) -> T) -> T {
        let mut log = LOG.lock().unwrap_or_else(PoisonError::into_inner);
        access(log.get_or_insert_default())
    }

    pub fn snapshot() -> Log {
        with(|log| log.clone())
    }

    /// Returns the number of calls that have ended.
    pub fn ended() -> usize {
        with(|log| log.ended.len())
    }

    pub fn change(how: impl FnOnce(&mut Log)) {
        CHANGES.fetch_add(1, Ordering::Relaxed);
        with(how);
    }

    /// Returns the number of calls to `change`.
    pub fn changes() -> usize {
        CHANGES.load(Ordering::Relaxed)
    }
}
