//! Wrong: races the user against the news, and requests the news again.

async fn home_page(site: &Site) -> Result<Page> {
    let (user, news) = tokio::select! {
        biased;
        user = site.user() => (user, None),
        news = site.news() => (site.user().await, Some(news)),
    };
    let news = async {
        match news {
            Some(news) => news,
            None => site.news().await,
        }
    };
    let (orders, messages, news, weather) =
        tokio::join!(site.orders(&user), site.messages(&user), news, site.weather());
    Ok(Page { user, orders, messages, news, weather })
}
