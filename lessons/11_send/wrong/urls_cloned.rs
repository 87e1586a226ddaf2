//! Wrong: copies the URLs, although it owns them.

async fn fetch_all(urls: Vec<Text>) -> Vec<usize> {
    let fetches = stream::iter(urls.clone())
        .map(|url| async move { service::fetch(&url).await });
    fetches.buffered(4).collect().await
}
