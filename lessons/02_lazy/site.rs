//! The web site of exercise 02. Do not change it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tracing::instrument;

/// Stands in for a web site that a user is logged in to. Clones share the same site.
/// (`#[instrument]` lets the check draw the requests.)
#[derive(Clone)]
pub struct Site {
    user: String,
    pub opened: Instant,
    requests: Arc<Mutex<Vec<(String, Duration)>>>,
}

impl Site {
    pub fn of(user: &str) -> Self {
        Self {
            user: user.to_owned(),
            opened: Instant::now(),
            requests: Arc::default(),
        }
    }

    /// The requests so far, each with its start time since the site was opened.
    pub fn requests(&self) -> Vec<(String, Duration)> {
        self.requests.lock().expect("the lock is never poisoned").clone()
    }

    async fn respond(&self, request: &str, millis: u64) {
        let entry = (request.to_owned(), self.opened.elapsed());
        self.requests.lock().expect("the lock is never poisoned").push(entry);
        sleep(Duration::from_millis(millis)).await;
    }

    /// The user's name. Takes 100 ms.
    #[instrument(skip_all)]
    pub async fn user(&self) -> String {
        self.respond("user", 100).await;
        self.user.clone()
    }

    /// Takes 150 ms.
    #[instrument(skip_all)]
    pub async fn orders(&self, user: &str) -> String {
        self.respond("orders", 150).await;
        format!("2 orders of {user}")
    }

    /// Takes 100 ms.
    #[instrument(skip_all)]
    pub async fn messages(&self, user: &str) -> String {
        self.respond("messages", 100).await;
        format!("3 messages to {user}")
    }

    /// Takes 200 ms.
    #[instrument(skip_all)]
    pub async fn news(&self) -> String {
        self.respond("news", 200).await;
        "a new bridge".to_owned()
    }

    /// Takes 150 ms.
    #[instrument(skip_all)]
    pub async fn weather(&self) -> String {
        self.respond("weather", 150).await;
        "24 degrees".to_owned()
    }
}
