//! Wrong: collects the results in a map, which keeps one of each URL.

use std::collections::HashMap;

async fn fetch_all(client: &Client, urls: &[String]) -> Report {
    let fetches = urls.iter().map(async |url| (url, fetch(client, url).await));
    let mut results: HashMap<_, _> = join_all(fetches).await.into_iter().collect();
    let mut report = Report::default();
    for url in urls {
        if let Some(result) = results.remove(url) {
            report.add(url, result);
        }
    }
    report
}
