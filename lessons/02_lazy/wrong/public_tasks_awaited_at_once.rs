//! Wrong: spawns news and weather first, and awaits each task at once.

async fn home_page(site: &Site) -> Result<Page> {
    let (one, other) = (site.clone(), site.clone());
    let news = tokio::spawn(async move { one.news().await }).await?;
    let weather = tokio::spawn(async move { other.weather().await }).await?;
    let user = site.user().await;
    let (orders, messages) = tokio::join!(site.orders(&user), site.messages(&user));
    Ok(Page { user, orders, messages, news, weather })
}
