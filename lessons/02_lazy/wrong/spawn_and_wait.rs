//! Wrong: each request is a task, and each task is awaited before the next.

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
    let (a, b, c, d, e) =
        (site.clone(), site.clone(), site.clone(), site.clone(), site.clone());
    let user = tokio::spawn(async move { a.user().await }).await?;
    let (for_orders, for_messages) = (user.clone(), user.clone());
    let orders = tokio::spawn(async move { b.orders(&for_orders).await }).await?;
    let messages =
        tokio::spawn(async move { c.messages(&for_messages).await }).await?;
    let news = tokio::spawn(async move { d.news().await }).await?;
    let weather = tokio::spawn(async move { e.weather().await }).await?;
    Ok(Page { user, orders, messages, news, weather })
}

#[cfg(test)]
#[path = "../check.rs"]
mod check;
