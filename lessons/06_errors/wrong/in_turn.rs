//! Wrong: makes each URL wait for the one before it.

async fn fetch_all(client: &Client, urls: &[String]) -> Report {
    let mut report = Report::default();
    for url in urls {
        report.add(url, fetch(client, url).await);
    }
    report
}
