//! Wrong: requests the weather again for the next page, in a task that it leaves
//! behind.

async fn home_page(site: &Site) -> Result<Page> {
    let user_data = async {
        let user = site.user().await;
        let (orders, messages) =
            tokio::join!(site.orders(&user), site.messages(&user));
        (user, orders, messages)
    };
    let ((user, orders, messages), news, weather) =
        tokio::join!(user_data, site.news(), site.weather());
    let its_site = site.clone();
    tokio::spawn(async move { its_site.weather().await });
    Ok(Page { user, orders, messages, news, weather })
}
