//! Wrong: makes news and weather wait for the user.

async fn home_page(site: &Site) -> Result<Page> {
    let user = site.user().await;
    let (orders, messages, news, weather) = tokio::join!(
        site.orders(&user),
        site.messages(&user),
        site.news(),
        site.weather()
    );
    Ok(Page { user, orders, messages, news, weather })
}
