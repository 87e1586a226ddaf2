//! A spawned task runs a stream of futures that borrow their items.

use futures::stream::{self, StreamExt};

#[tokio::main]
async fn main() {
    let urls = vec!["/page/1".to_owned(), "/page/2".to_owned()];
    tokio::spawn(async move {
        let fetches = stream::iter(urls.iter()).map(|url| fetch(url));
        fetches.buffer_unordered(50).collect::<Vec<_>>().await
    });
}

async fn fetch(url: &str) -> usize {
    url.len()
}
