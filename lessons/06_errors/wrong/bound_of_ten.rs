//! Wrong: fetches at most ten URLs at the same time.

use futures::stream::{self, StreamExt};

async fn fetch_all(client: &Client, urls: &[String]) -> Report {
    let fetches = stream::iter(urls).map(|url| fetch(client, url));
    let results: Vec<_> = fetches.buffered(10).collect().await;
    let mut report = Report::default();
    for (url, result) in urls.iter().zip(results) {
        report.add(url, result);
    }
    report
}
