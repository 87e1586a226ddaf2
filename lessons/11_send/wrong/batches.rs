//! Wrong: the next four start when the slowest of four is done.

async fn fetch_all(urls: Vec<Text>) -> Vec<usize> {
    let mut sizes = Vec::new();
    for batch in urls.chunks(4) {
        let fetches = batch.iter().map(|url| service::fetch(url));
        sizes.extend(join_all(fetches).await);
    }
    sizes
}
