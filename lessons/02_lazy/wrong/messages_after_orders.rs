//! Wrong: messages wait for the orders.

use anyhow::Result;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tracing::instrument;

/// What the home page shows.
#[derive(Debug)]
struct Page {
    user: String,
    orders: String,
    messages: String,
    news: String,
    weather: String,
}

/// Asks for all that the page shows, and is done as early as can be.
///
/// `orders` and `messages` need the user: they begin when the site has said who that
/// is. `news` and `weather` need nothing. No request waits for what it does not
/// need, and each is made once.
///
/// (No request fails. It is a `Result` because the await of a spawned task is one.)
async fn home_page(site: &Site) -> Result<Page> {
    let of_user = async {
        let user = site.user().await;
        let orders = site.orders(&user).await;
        let messages = site.messages(&user).await;
        (user, orders, messages)
    };
    let ((user, orders, messages), news, weather) =
        tokio::join!(of_user, site.news(), site.weather());
    Ok(Page { user, orders, messages, news, weather })
}

/// Stands for a web site that a user has logged in to. It stays as it is. A clone is
/// the same site. (Because of `#[instrument]`, the check can draw its requests.)
#[derive(Clone)]
struct Site {
    user: String,
    opened: Instant,
    requests: Arc<Mutex<Vec<(String, Duration)>>>,
}

impl Site {
    fn of(user: &str) -> Self {
        Self {
            user: user.to_owned(),
            opened: Instant::now(),
            requests: Arc::default(),
        }
    }

    /// The requests so far, and how long after the site was opened each began.
    fn requests(&self) -> Vec<(String, Duration)> {
        self.requests.lock().expect("no panic while it is locked").clone()
    }

    async fn answer(&self, request: &str, millis: u64) {
        let began = (request.to_owned(), self.opened.elapsed());
        self.requests.lock().expect("no panic while it is locked").push(began);
        sleep(Duration::from_millis(millis)).await;
    }

    /// The name of the user. Takes 100 ms.
    #[instrument(skip_all)]
    async fn user(&self) -> String {
        self.answer("user", 100).await;
        self.user.clone()
    }

    /// Takes 150 ms.
    #[instrument(skip_all)]
    async fn orders(&self, user: &str) -> String {
        self.answer("orders", 150).await;
        format!("2 orders of {user}")
    }

    /// Takes 100 ms.
    #[instrument(skip_all)]
    async fn messages(&self, user: &str) -> String {
        self.answer("messages", 100).await;
        format!("3 messages to {user}")
    }

    /// Takes 200 ms.
    #[instrument(skip_all)]
    async fn news(&self) -> String {
        self.answer("news", 200).await;
        "a new bridge".to_owned()
    }

    /// Takes 150 ms.
    #[instrument(skip_all)]
    async fn weather(&self) -> String {
        self.answer("weather", 150).await;
        "24 degrees".to_owned()
    }
}

#[cfg(test)]
#[path = "../check.rs"]
mod check;
