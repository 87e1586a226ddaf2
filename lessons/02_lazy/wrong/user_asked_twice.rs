//! Wrong: orders and messages each ask who the user is.

#[path = "../site.rs"]
mod site;

use anyhow::Result;
use site::Site;

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
    let orders = async {
        let user = site.user().await;
        let orders = site.orders(&user).await;
        (user, orders)
    };
    let messages = async { site.messages(&site.user().await).await };
    let ((user, orders), messages, news, weather) =
        tokio::join!(orders, messages, site.news(), site.weather());
    Ok(Page { user, orders, messages, news, weather })
}

#[cfg(test)]
#[path = "../check.rs"]
mod check;
