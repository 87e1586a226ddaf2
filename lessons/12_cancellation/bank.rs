//! The account and the bank of exercise 12. They are correct: do not change them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use tokio::sync::oneshot;
use tokio::task::{spawn, try_id};
use tokio::time::sleep;
use tracing::{info_span, instrument};

use log::{Approving, Log, Plan, lock};

/// An account in the memory of this program.
#[derive(Debug)]
pub struct Account(Mutex<u64>);

impl Account {
    pub fn new(balance: u64) -> Self {
        Self(Mutex::new(balance))
    }

    fn lock(&self) -> MutexGuard<'_, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn balance(&self) -> u64 {
        *self.lock()
    }

    /// Takes an amount, or fails if there is less.
    #[instrument(skip(self), ret)]
    pub fn take(&self, amount: u64) -> Result<()> {
        let mut balance = self.lock();
        let left = balance.checked_sub(amount);
        *balance = left.ok_or_else(|| anyhow!("there is less than {amount}"))?;
        Ok(())
    }

    /// Puts back an amount that was taken.
    #[instrument(skip(self), ret)]
    pub fn put_back(&self, amount: u64) {
        *self.lock() += amount;
    }
}

/// A bank on the network.
#[derive(Debug, Default)]
pub struct Bank {
    plan: Plan,
    log: Arc<Mutex<Log>>,
}

impl Bank {
    /// Returns the sum of what has arrived.
    pub fn received(&self) -> u64 {
        self.log().received
    }

    /// Asks the bank to approve an amount, which takes 100 ms. It may refuse. If
    /// this future is dropped, nothing has happened.
    #[instrument(skip(self), ret)]
    pub async fn approve(&self, amount: u64) -> Result<()> {
        let _running = Approving::begin(&self.log, amount);
        sleep(self.plan.approve).await;
        ensure!(!self.plan.refuses, "the bank refuses: {}", self.plan.reason);
        self.log().approved += 1;
        Ok(())
    }

    /// Sends an amount to the bank, and awaits its answer, which takes 100 ms. After
    /// an error, nothing has arrived. The first poll sends the request, and nothing
    /// can call it back: the bank handles it even if this future is dropped.
    #[instrument(skip(self), ret)]
    pub async fn send(&self, amount: u64) -> Result<()> {
        let (plan, log) = (self.plan.clone(), Arc::clone(&self.log));
        let (answer, answered) = oneshot::channel();
        lock(&log).send(amount);
        spawn(async move {
            sleep(plan.send).await;
            let mut log = lock(&log);
            log.answered += 1;
            let arrives = amount <= plan.accepts;
            let _shown = match arrives {
                true => info_span!(parent: None, "received", amount).entered(),
                false => info_span!(parent: None, "not received", amount).entered(),
            };
            if arrives {
                log.received += amount;
            }
            let _ = answer.send(arrives);
        });
        let arrived = answered.await?;
        ensure!(arrived, "the bank does not accept it: {}", self.plan.reason);
        Ok(())
    }
}

/// A log of the calls, for the check. The check also sets random times for them, and
/// whether they fail.
pub mod log {
    #![allow(dead_code, reason = "only the check reads the log")]

    use super::*;

    /// The delays and the answers of a bank.
    #[derive(Clone, Debug)]
    pub struct Plan {
        pub approve: Duration,
        pub send: Duration,
        /// No amount is approved.
        pub refuses: bool,
        /// Larger amounts do not arrive.
        pub accepts: u64,
        pub reason: String,
    }

    impl Default for Plan {
        fn default() -> Self {
            let time = Duration::from_millis(100);
            let (accepts, reason) = (u64::MAX, String::new());
            Self { approve: time, send: time, refuses: false, accepts, reason }
        }
    }

    /// The calls that a bank has received.
    #[derive(Clone, Debug, Default)]
    pub struct Log {
        pub received: u64,
        /// The amounts of all calls to `approve` and of `send`.
        pub approvals: Vec<u64>,
        pub sent: Vec<u64>,
        /// The calls to `send` in a spawned task.
        pub in_tasks: usize,
        /// The calls to `approve` that are running, and those that succeeded.
        pub approving: usize,
        pub approved: usize,
        /// The calls to `send` that the bank has handled.
        pub answered: usize,
    }

    impl Log {
        pub(super) fn send(&mut self, amount: u64) {
            self.sent.push(amount);
            self.in_tasks += usize::from(try_id().is_some());
        }
    }

    pub(super) fn lock(log: &Mutex<Log>) -> MutexGuard<'_, Log> {
        log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    impl Bank {
        pub fn with(plan: Plan) -> Self {
            Self { plan, ..Self::default() }
        }

        pub fn log(&self) -> MutexGuard<'_, Log> {
            lock(&self.log)
        }
    }

    /// An approval that the bank is working on.
    pub(super) struct Approving<'a>(&'a Mutex<Log>);

    impl<'a> Approving<'a> {
        pub fn begin(log: &'a Mutex<Log>, amount: u64) -> Self {
            lock(log).approvals.push(amount);
            lock(log).approving += 1;
            Self(log)
        }
    }

    impl Drop for Approving<'_> {
        fn drop(&mut self) {
            lock(self.0).approving -= 1;
        }
    }
}
