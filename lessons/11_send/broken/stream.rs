//! A task fetches, over a stream, pages whose URLs it borrows.

use futures::stream::{self, StreamExt};

#[tokio::main]
async fn main() {
    let urls = vec!["/page/1".to_owned(), "/page/2".to_owned()];
    tokio::spawn(fetch_all(urls)).await.unwrap();
}

async fn fetch_all(urls: Vec<String>) {
    let pages = stream::iter(&urls).map(|url| fetch(url));
    let _pages: Vec<_> = pages.buffer_unordered(2).collect().await;
}

async fn fetch(url: &str) -> usize {
    url.len()
}
