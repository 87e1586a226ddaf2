//! Wrong: spawns each request, and awaits each task before it spawns the next.

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
