//! Wrong: `join_all` is `Send`, but has no limit.

async fn fetch_all(urls: Vec<Text>) -> Vec<usize> {
    join_all(urls.iter().map(|url| service::fetch(url))).await
}
