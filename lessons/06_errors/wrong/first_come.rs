//! Wrong: returns answers and failures in the order of completion.

use futures::stream::{FuturesUnordered, StreamExt};

async fn fetch_all(client: &Client, urls: &[String]) -> Report {
    let fetches = urls.iter().map(async |url| (url, fetch(client, url).await));
    let mut results: FuturesUnordered<_> = fetches.collect();
    let mut report = Report::default();
    while let Some((url, result)) = results.next().await {
        report.add(url, result);
    }
    report
}
