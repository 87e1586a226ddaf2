//! Wrong: panics at the first failure.

async fn fetch_all(client: &Client, urls: &[String]) -> Report {
    let fetches = urls.iter().map(|url| fetch(client, url));
    let mut report = Report::default();
    for result in join_all(fetches).await {
        report.answers.push(result.unwrap_or_else(|error| panic!("{error}")));
    }
    report
}
