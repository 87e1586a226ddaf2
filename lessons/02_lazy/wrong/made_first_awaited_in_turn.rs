//! Wrong: creates all futures first, then awaits them in turn.

async fn home_page(site: &Site) -> Result<Page> {
    let (user, news, weather) = (site.user(), site.news(), site.weather());
    let user = user.await;
    let (orders, messages) = (site.orders(&user), site.messages(&user));
    let (orders, messages) = (orders.await, messages.await);
    let (news, weather) = (news.await, weather.await);
    Ok(Page { user, orders, messages, news, weather })
}
