//! Wrong: the sizes come in the order in which the fetches end.

async fn fetch_all(urls: Vec<Text>) -> Vec<usize> {
    let fetches =
        stream::iter(urls).map(|url| async move { service::fetch(&url).await });
    fetches.buffer_unordered(4).collect().await
}
