//! 02 - exercise: a home page of five requests.
//!
//! Check it with `cargo workbook check 02`; run it with
//! `cargo run --example 02_lazy_exercise`.

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
    let user = site.user().await;
    let orders = site.orders(&user).await;
    let messages = site.messages(&user).await;
    let news = site.news().await;
    let weather = site.weather().await;
    Ok(Page { user, orders, messages, news, weather })
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let site = Site::of("Ada");
    let Page { user, orders, messages, news, weather } = home_page(&site).await?;
    println!("{user}: {orders}, {messages}\n{news}, {weather}");
    println!("{} ms", site.opened.elapsed().as_millis());
    for (request, began) in site.requests() {
        println!("  {request:8} began at {:3} ms", began.as_millis());
    }
    Ok(())
}

#[cfg(test)]
mod check;
