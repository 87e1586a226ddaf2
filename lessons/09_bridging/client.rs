//! The async client that exercise 09 wraps. It is correct: do not change it.

use std::future::poll_fn;
use std::pin::pin;

use anyhow::Result;

/// Fetches titles. It keeps its connections open for the calls to come. Clones share
/// them.
#[derive(Clone, Debug)]
pub struct Client(reqwest::Client);

impl Client {
    /// Creates a client without connections.
    ///
    /// # Panics
    ///
    /// Like `reqwest::Client::new`, if TLS cannot be set up.
    pub fn new() -> Self {
        log::with(|log| log.clients += 1);
        // The exercise needs no certificates, and loading them takes a while.
        let client =
            reqwest::Client::builder().no_proxy().tls_certs_only([]).build();
        Self(client.expect("the web server has set up TLS"))
    }

    /// Fetches a page and returns its title: the first line.
    ///
    /// # Errors
    ///
    /// If the server cannot be reached, or its status is an error.
    pub async fn title(&self, url: &str) -> Result<String> {
        log::begin();
        let mut title = pin!(self.fetch(url));
        let title = poll_fn(|context| {
            log::with(|log| log.polls += 1);
            title.as_mut().poll(context)
        })
        .await;
        log::with(|log| log.ended += 1);
        title
    }

    async fn fetch(&self, url: &str) -> Result<String> {
        let response = self.0.get(url).send().await?.error_for_status()?;
        let text = response.text().await?;
        Ok(text.lines().next().unwrap_or_default().to_owned())
    }
}

/// Counts what the client does, for `main` and for the check.
pub mod log {
    #![allow(dead_code, reason = "the check reads all of it")]

    use std::collections::HashSet;
    use std::sync::{Mutex, PoisonError};

    use tokio::runtime::{Handle, Id};

    #[derive(Clone, Debug, Default)]
    pub struct Log {
        /// The number of clients that were created.
        pub clients: usize,
        /// The runtimes on which `title` ran.
        pub runtimes: HashSet<Id>,
        /// The number of calls to `title`, of their polls, and of those that ended.
        pub calls: usize,
        pub polls: usize,
        pub ended: usize,
    }

    static LOG: Mutex<Option<Log>> = Mutex::new(None);

    /// Reads or changes the log.
    pub fn with<T>(code: impl FnOnce(&mut Log) -> T) -> T {
        let mut log = LOG.lock().unwrap_or_else(PoisonError::into_inner);
        code(log.get_or_insert_default())
    }

    pub(super) fn begin() {
        let runtime = Handle::try_current().map(|handle| handle.id());
        with(|log| {
            log.calls += 1;
            log.runtimes.extend(runtime);
        });
    }
}
