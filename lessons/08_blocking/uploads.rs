//! The function that exercise 08 moves off the runtime. It is correct: do not change
//! it.

use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};

/// Hashes an upload. This blocks the thread for 200 ms. An empty upload is an error.
pub fn hash(upload: &str) -> Result<String> {
    let call = log::begin(upload);
    if !log::wait_for_gate(call) {
        thread::sleep(Duration::from_millis(200));
    }
    let mark = log::end(call);
    ensure!(!upload.is_empty(), "an empty upload has no hash{mark}");
    Ok(log::fnv(upload) + &mark)
}

/// A log of the calls, for the check. The check also decides when a call returns,
/// and sets a random end of its result.
pub mod log {
    #![allow(dead_code, reason = "only the check reads the log")]

    use std::collections::HashSet;
    use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
    use std::thread::{self, ThreadId};
    use std::time::Duration;

    use async_workbook::check;

    #[derive(Debug, Default)]
    pub struct Log {
        pub calls: Vec<Call>,
        /// The most calls that were running at the same time.
        pub peak: usize,
        /// The end of each result.
        pub mark: String,
        /// Set by the check. A call on another thread than this one blocks until its
        /// gate is open; without it, `hash` blocks for 200 ms.
        pub runtime: Option<ThreadId>,
        /// The uploads whose gates are open, and whether all are.
        pub open: HashSet<String>,
        pub all_open: bool,
        /// The number of polls of the learner's futures, whether one of them is being
        /// polled now, and the number of them that have returned.
        pub polls: usize,
        pub polling: bool,
        pub returned: usize,
        /// The number of calls since the start of the program.
        begun: usize,
    }

    impl Log {
        pub fn running(&self) -> usize {
            self.calls.iter().filter(|call| call.running).count()
        }

        /// Changes when a gate opens, or a new log begins.
        fn gates(&self) -> (bool, usize, Option<usize>) {
            (self.all_open, self.open.len(), self.calls.first().map(|call| call.id))
        }
    }

    /// One call to `hash`.
    #[derive(Clone, Debug)]
    pub struct Call {
        id: usize,
        pub upload: String,
        pub on_runtime: bool,
        /// Within which poll it was called, unless outside of all polls.
        pub poll: Option<usize>,
        pub running: bool,
        /// It returned because the runtime thread waited for it.
        pub gave_up: bool,
    }

    static LOG: Mutex<Option<Log>> = Mutex::new(None);
    static CHANGED: Condvar = Condvar::new();
    /// Wakes only the calls: there may be many.
    static OPENED: Condvar = Condvar::new();

    /// Begins a new log. Calls that still run return.
    pub fn reset(mark: String) {
        let runtime = Some(thread::current().id());
        with(|log| *log = Log { begun: log.begun, mark, runtime, ..Log::default() });
    }

    /// Reads or changes the log.
    pub fn with<T>(code: impl FnOnce(&mut Log) -> T) -> T {
        let mut log = lock();
        let log = log.get_or_insert_default();
        let gates = log.gates();
        let value = code(log);
        if log.gates() != gates {
            OPENED.notify_all();
        }
        CHANGED.notify_all();
        value
    }

    fn lock() -> MutexGuard<'static, Option<Log>> {
        LOG.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Blocks until `holds`, or until no call starts, ends or returns for `timeout` and
    /// all threads are asleep; if they never are, at most for 20 short steps more.
    /// Returns whether it holds.
    pub fn wait(timeout: Duration, holds: impl Fn(&Log) -> bool) -> bool {
        let progress = |log: &Log| (log.begun, log.running(), log.returned);
        loop {
            let before = with(|log| progress(log));
            let changes = |log: &Log| holds(log) || progress(log) != before;
            let step = Duration::from_millis(10).max(timeout / 20);
            let (mut wait, mut waits) = (timeout, 0);
            while !wait_for(&CHANGED, wait, changes) {
                // On a busy machine, a thread may still wait for a processor.
                if waits == 20 || check::all_asleep() {
                    return false;
                }
                (wait, waits) = (step, waits + 1);
            }
            if with(|log| holds(log)) {
                return true;
            }
        }
    }

    /// Blocks until `holds`, or for `timeout`. Returns whether it holds.
    fn wait_for(
        change: &Condvar,
        timeout: Duration,
        holds: impl Fn(&Log) -> bool,
    ) -> bool {
        let not_yet = |log: &mut Option<Log>| !holds(log.get_or_insert_default());
        let waited = change.wait_timeout_while(lock(), timeout, not_yet);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// The hash (FNV-1a), without the mark.
    pub fn fnv(upload: &str) -> String {
        let byte = |hash: u64, byte: u8| {
            (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
        };
        let hash = upload.bytes().fold(0xcbf2_9ce4_8422_2325, byte);
        format!("{hash:016x}")
    }

    pub(super) fn begin(upload: &str) -> usize {
        with(|log| {
            log.begun += 1;
            log.calls.push(Call {
                id: log.begun,
                upload: upload.to_owned(),
                on_runtime: log.runtime == Some(thread::current().id()),
                poll: log.polling.then_some(log.polls),
                running: true,
                gave_up: false,
            });
            log.peak = log.peak.max(log.running());
            log.begun
        })
    }

    /// Blocks until the gate of a call is open. Returns false if there are no gates.
    pub(super) fn wait_for_gate(id: usize) -> bool {
        let call = with(|log| {
            let call = log.calls.iter().find(|call| call.id == id).cloned();
            log.all_open |= call.as_ref().is_some_and(|call| call.on_runtime);
            log.runtime.and(call)
        });
        let Some(Call { upload, .. }) = call else { return false };
        let is_open = |log: &Log| {
            let replaced = log.calls.iter().all(|call| call.id != id);
            log.all_open || log.open.contains(&upload) || replaced
        };
        let polling = || with(|log| log.polling.then_some(log.polls));
        // One call looks at the threads for all: there may be hundreds, each a thread.
        let is_first = |log: &mut Log| {
            log.calls
                .iter()
                .find(|call| call.running)
                .is_some_and(|call| call.id == id)
        };
        let mut same_poll = 0;
        loop {
            let poll = polling();
            if wait_for(&OPENED, Duration::from_millis(500), is_open) {
                return true;
            }
            let is_same = poll.is_some() && poll == polling() && with(is_first);
            same_poll = if is_same { same_poll + 1 } else { 0 };
            // The same poll for all of that time: it waits for this call. On a busy
            // machine it may also wait for a processor, and then it is not asleep.
            if is_same && check::all_asleep() || same_poll > 9 {
                with(|log| {
                    log.all_open = true;
                    let mut calls = log.calls.iter_mut();
                    calls.find(|call| call.id == id).map(|call| call.gave_up = true)
                });
                return true;
            }
        }
    }

    pub(super) fn end(id: usize) -> String {
        with(|log| {
            if let Some(call) = log.calls.iter_mut().find(|call| call.id == id) {
                call.running = false;
            }
            log.mark.clone()
        })
    }
}
