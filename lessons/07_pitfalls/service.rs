//! The building blocks of the service in exercise 07. They are correct: do not
//! change them.

use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::sync::Mutex;
use tokio::time::sleep;
use tracing::instrument;

use log::Running;

pub const MS: Duration = Duration::from_millis(1);

/// Loads a photo: photo 10 takes 100 ms, photo 20 takes 200 ms.
#[instrument(ret)]
pub async fn load(photo: u32) -> String {
    let call = Running::begin(format!("load {photo}"));
    sleep(call.delay(10 * MS * photo)).await;
    call.end(format!("photo {photo}"))
}

/// Shrinks a photo. This blocks the thread for 150 ms.
#[instrument(skip_all, ret)]
pub fn shrink(photo: &str) -> String {
    let call = Running::begin(format!("shrink {photo}"));
    call.block(150 * MS);
    call.end(format!("small {photo}"))
}

/// Counts the visitors who signed the guest book, and the times it was saved.
#[derive(Debug, Default)]
pub struct Book {
    pub signed: u32,
    pub saves: u32,
}

/// Saves the guest book, which takes 100 ms, and then locks the book to count the
/// save.
#[instrument(skip_all, ret)]
pub async fn save(book: &Mutex<Book>) {
    let call = Running::begin("save".to_owned());
    sleep(call.delay(100 * MS)).await;
    book.lock().await.saves += 1;
    call.end(String::new());
}

/// Sends a mail, which takes 100 ms. An address without an @ fails at once. The
/// server of an address can refuse the mail, too, but only when it is sent.
#[instrument(ret)]
pub async fn mail(address: String) -> Result<()> {
    let call = Running::begin(format!("mail {address}"));
    if address.contains('@') {
        sleep(call.delay(100 * MS)).await;
    }
    let sent = address.contains('@') && !call.is_refused();
    call.end(String::new());
    ensure!(sent, "cannot send mail to {address:?}");
    Ok(())
}

/// Searches "photos" (150 ms) or "albums" (100 ms) for `word`.
#[instrument(ret)]
pub async fn find(place: &str, word: &str) -> String {
    let call = Running::begin(format!("find {place}"));
    sleep(call.delay(if place == "photos" { 150 * MS } else { 100 * MS })).await;
    call.end(format!("{place} with {word}"))
}

/// A log of the calls, for the check. The check also sets random times and results for
/// them, so that no answer can do without them.
pub mod log {
    #![allow(dead_code, reason = "only the check reads the log")]

    use std::collections::{HashMap, HashSet};
    use std::sync::mpsc::{Receiver, RecvTimeoutError};
    use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
    use std::thread::{self, ThreadId};
    use std::time::Duration;

    use tokio::task;
    use tokio::time::Instant;

    #[derive(Debug, Default)]
    pub struct Log {
        pub calls: Vec<Call>,
        /// Replaces the usual durations, by name of the call.
        pub delays: HashMap<String, Duration>,
        /// The mails that the other server refuses.
        pub refused: HashSet<String>,
        /// The end of each result.
        pub mark: String,
        /// Each replaces the real time for which one call to `shrink` blocks: it
        /// blocks until the sender is dropped, and not at all on this thread.
        pub gates: Vec<(Receiver<()>, ThreadId)>,
        /// The number of calls since the start of the program.
        begun: usize,
    }

    /// One call, named like `load 10`.
    #[derive(Clone, Debug)]
    pub struct Call {
        id: usize,
        pub name: String,
        pub thread: ThreadId,
        pub task: Option<task::Id>,
        pub began: Instant,
        pub end: Option<(Instant, End)>,
    }

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum End {
        Done,
        /// Dropped at its `.await`.
        Dropped,
        /// Timed out waiting for the gate.
        GaveUp,
    }

    pub fn lock() -> MutexGuard<'static, Log> {
        static LOG: LazyLock<Mutex<Log>> = LazyLock::new(Mutex::default);
        LOG.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call that has not ended. If it is dropped before, the log says so.
    pub(super) struct Running {
        id: usize,
        name: String,
    }

    impl Running {
        pub(super) fn begin(name: String) -> Self {
            let mut log = lock();
            log.begun += 1;
            let id = log.begun;
            log.calls.push(Call {
                id,
                name: name.clone(),
                thread: thread::current().id(),
                task: task::try_id(),
                began: Instant::now(),
                end: None,
            });
            Self { id, name }
        }

        pub(super) fn delay(&self, usual: Duration) -> Duration {
            lock().delays.get(&self.name).copied().unwrap_or(usual)
        }

        pub(super) fn is_refused(&self) -> bool {
            lock().refused.contains(&self.name)
        }

        /// Blocks the thread for `usual`, or until the check opens the gate.
        pub(super) fn block(&self, usual: Duration) {
            let gate = lock().gates.pop();
            let Some((gate, free_thread)) = gate else {
                return thread::sleep(usual);
            };
            let closed = || gate.recv_timeout(Duration::from_secs(1));
            if thread::current().id() != free_thread
                && closed() == Err(RecvTimeoutError::Timeout)
            {
                self.ends(End::GaveUp);
                // Later calls need not wait as long.
                lock().gates.clear();
            }
        }

        pub(super) fn end(self, result: String) -> String {
            self.ends(End::Done);
            result + &lock().mark
        }

        fn ends(&self, end: End) {
            let mut log = lock();
            let call = log.calls.iter_mut().find(|call| call.id == self.id);
            if let Some(call) = call.filter(|call| call.end.is_none()) {
                call.end = Some((Instant::now(), end));
            }
        }
    }

    impl Drop for Running {
        fn drop(&mut self) {
            self.ends(End::Dropped);
        }
    }
}
