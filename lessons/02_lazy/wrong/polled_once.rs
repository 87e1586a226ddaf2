//! Wrong: starts news and weather with one poll, and polls them again at the end.

use std::pin::pin;

use futures::poll;

async fn home_page(site: &Site) -> Result<Page> {
    let (mut news, mut weather) = (pin!(site.news()), pin!(site.weather()));
    let _ = (poll!(&mut news), poll!(&mut weather));
    let user = site.user().await;
    let (orders, messages) = tokio::join!(site.orders(&user), site.messages(&user));
    Ok(Page { user, orders, messages, news: news.await, weather: weather.await })
}
