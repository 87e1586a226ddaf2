//! Wrong: requests news and weather in a runtime of its own, on another thread. (Its
//! clock is paused, so that the thread ends at once.)

async fn home_page(site: &Site) -> Result<Page> {
    let other = site.clone();
    let public = tokio::task::spawn_blocking(move || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().start_paused(true).build()?;
        anyhow::Ok(
            runtime.block_on(async { tokio::join!(other.news(), other.weather()) }),
        )
    });
    let user = site.user().await;
    let (orders, messages) = tokio::join!(site.orders(&user), site.messages(&user));
    let (news, weather) = public.await.expect("no panic")?;
    Ok(Page { user, orders, messages, news, weather })
}
