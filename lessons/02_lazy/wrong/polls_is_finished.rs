//! Wrong: polls every millisecond whether its tasks are finished.

use std::time::Duration;

async fn home_page(site: &Site) -> Result<Page> {
    let (a, b, c) = (site.clone(), site.clone(), site.clone());
    let news = tokio::spawn(async move { a.news().await });
    let weather = tokio::spawn(async move { b.weather().await });
    let user_data = tokio::spawn(async move {
        let user = c.user().await;
        let (orders, messages) = tokio::join!(c.orders(&user), c.messages(&user));
        (user, orders, messages)
    });
    while !(news.is_finished() && weather.is_finished() && user_data.is_finished()) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let (news, weather) = (news.await?, weather.await?);
    let (user, orders, messages) = user_data.await?;
    Ok(Page { user, orders, messages, news, weather })
}
