//! Wrong: requests orders and messages for a made-up user.

async fn home_page(site: &Site) -> Result<Page> {
    let (user, orders, messages, news, weather) = tokio::join!(
        site.user(),
        site.orders("Ada"),
        site.messages("Ada"),
        site.news(),
        site.weather()
    );
    Ok(Page { user, orders, messages, news, weather })
}
