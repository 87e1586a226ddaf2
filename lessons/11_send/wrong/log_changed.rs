//! Wrong: copies the URLs, and corrects the number of copies in the log.

async fn fetch_all(urls: Vec<Text>) -> Vec<usize> {
    let copies = urls.clone();
    service::log::change(|log| log.copies -= urls.len());
    let fetches =
        stream::iter(copies).map(|url| async move { service::fetch(&url).await });
    fetches.buffered(4).collect().await
}
