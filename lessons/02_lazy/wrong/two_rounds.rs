//! Wrong: makes orders and messages wait for the news, too.

async fn home_page(site: &Site) -> Result<Page> {
    let (user, news, weather) =
        tokio::join!(site.user(), site.news(), site.weather());
    let (orders, messages) = tokio::join!(site.orders(&user), site.messages(&user));
    Ok(Page { user, orders, messages, news, weather })
}
