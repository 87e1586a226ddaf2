//! 02 - exercise: a home page from five requests.
//!
//! Check it with `cargo workbook check 02`; run it with
//! `cargo workbook run 02 --exercise`.

mod site;

use anyhow::Result;

use site::Site;

/// The contents of the home page.
#[derive(Debug)]
struct Page {
    user: String,
    orders: String,
    messages: String,
    news: String,
    weather: String,
}

/// Fetches everything that the page shows, and finishes as early as possible.
///
/// `orders` and `messages` need the name that `user` returns, so they start after
/// it. `news` and `weather` need nothing. No request waits for something it does not
/// need. Each is sent exactly once, and none after this function has returned. As
/// soon as a response arrives, the code that waits for it continues.
///
/// (No request fails. The return type is a `Result` because awaiting a spawned task
/// gives one.)
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
    for (request, start) in site.requests() {
        println!("  {request:8} started at {:3} ms", start.as_millis());
    }
    Ok(())
}

#[cfg(test)]
mod check;
