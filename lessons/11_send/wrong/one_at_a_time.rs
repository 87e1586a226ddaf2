//! Wrong: a loop in place of the stream.

async fn fetch_all(urls: Vec<Text>) -> Vec<usize> {
    let mut sizes = Vec::new();
    for url in &urls {
        sizes.push(service::fetch(url).await);
    }
    sizes
}
