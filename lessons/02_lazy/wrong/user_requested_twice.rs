//! Wrong: requests the user twice, once for orders and once for messages.

async fn home_page(site: &Site) -> Result<Page> {
    let orders = async {
        let user = site.user().await;
        let orders = site.orders(&user).await;
        (user, orders)
    };
    let messages = async { site.messages(&site.user().await).await };
    let ((user, orders), messages, news, weather) =
        tokio::join!(orders, messages, site.news(), site.weather());
    Ok(Page { user, orders, messages, news, weather })
}
