//! Wrong: makes each URL wait for the one before it.

async fn fetch_all(client: &Client, urls: &[String]) -> Report {
    let mut report = Report::default();
    for url in urls {
        match fetch(client, url).await {
            Ok(answer) => report.answers.push(answer),
            Err(error) => report.failures.push((url.clone(), error)),
        }
    }
    report
}
