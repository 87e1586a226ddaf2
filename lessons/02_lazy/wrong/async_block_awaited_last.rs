//! Wrong: takes an async block for something that runs in the background.

async fn home_page(site: &Site) -> Result<Page> {
    let public = async { tokio::join!(site.news(), site.weather()) };
    let user = site.user().await;
    let (orders, messages) = tokio::join!(site.orders(&user), site.messages(&user));
    let (news, weather) = public.await;
    Ok(Page { user, orders, messages, news, weather })
}
