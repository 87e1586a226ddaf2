//! Wrong: copies the news and the weather from an earlier page.

async fn home_page(site: &Site) -> Result<Page> {
    let user = site.user().await;
    let (orders, messages) = tokio::join!(site.orders(&user), site.messages(&user));
    let (news, weather) = ("a new bridge".to_owned(), "24 degrees".to_owned());
    Ok(Page { user, orders, messages, news, weather })
}
