//! The web site of exercise 02. Do not change it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tracing::instrument;

/// Stands in for a web site that a user is logged in to. Clones share the same site.
/// (`#[instrument]` lets the check draw the requests.)
#[derive(Clone)]
pub struct Site {
    content: Content,
    pub opened: Instant,
    requests: Arc<Mutex<Vec<(String, Duration)>>>,
}

/// The responses of a site, and the milliseconds that each takes: user, orders,
/// messages, news and weather. The check opens sites with other contents and
/// durations, too.
#[derive(Clone)]
pub struct Content {
    pub user: String,
    pub orders: u32,
    pub messages: u32,
    pub news: String,
    pub degrees: i32,
    pub millis: [u64; 5],
}

impl Content {
    pub fn of(user: &str) -> Self {
        Self {
            user: user.to_owned(),
            orders: 2,
            messages: 3,
            news: "a new bridge".to_owned(),
            degrees: 24,
            millis: [100, 150, 100, 200, 150],
        }
    }
}

impl Site {
    pub fn of(user: &str) -> Self {
        Self::with(Content::of(user))
    }

    pub fn with(content: Content) -> Self {
        Self { content, opened: Instant::now(), requests: Arc::default() }
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
    #[instrument(skip_all, ret)]
    pub async fn user(&self) -> String {
        self.respond("user", self.content.millis[0]).await;
        self.content.user.clone()
    }

    /// Takes 150 ms.
    #[instrument(skip_all, ret)]
    pub async fn orders(&self, user: &str) -> String {
        self.respond("orders", self.content.millis[1]).await;
        format!("{} orders of {user}", self.content.orders)
    }

    /// Takes 100 ms.
    #[instrument(skip_all, ret)]
    pub async fn messages(&self, user: &str) -> String {
        self.respond("messages", self.content.millis[2]).await;
        format!("{} messages to {user}", self.content.messages)
    }

    /// Takes 200 ms.
    #[instrument(skip_all, ret)]
    pub async fn news(&self) -> String {
        self.respond("news", self.content.millis[3]).await;
        self.content.news.clone()
    }

    /// Takes 150 ms.
    #[instrument(skip_all, ret)]
    pub async fn weather(&self) -> String {
        self.respond("weather", self.content.millis[4]).await;
        format!("{} degrees", self.content.degrees)
    }
}
