//! Wrong: orders and messages wait for the news, too.

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
// ANCHOR: wrong
async fn home_page(site: &Site) -> Result<Page> {
    let (user, news, weather) =
        tokio::join!(site.user(), site.news(), site.weather());
    let (orders, messages) = tokio::join!(site.orders(&user), site.messages(&user));
    Ok(Page { user, orders, messages, news, weather })
}
// ANCHOR_END: wrong

#[cfg(test)]
#[path = "../check.rs"]
mod check;
