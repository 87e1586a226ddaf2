//! Wrong: makes messages wait for orders.

async fn home_page(site: &Site) -> Result<Page> {
    let of_user = async {
        let user = site.user().await;
        let orders = site.orders(&user).await;
        let messages = site.messages(&user).await;
        (user, orders, messages)
    };
    let ((user, orders, messages), news, weather) =
        tokio::join!(of_user, site.news(), site.weather());
    Ok(Page { user, orders, messages, news, weather })
}
