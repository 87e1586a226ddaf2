//! Wrong: spawns tasks that continue after `fetch_all` is dropped.

async fn fetch_all(client: &Client, urls: &[String]) -> Report {
    let mut tasks = Vec::new();
    for url in urls.iter().cloned() {
        let client = client.clone();
        tasks.push(tokio::spawn(async move {
            let result = fetch(&client, &url).await;
            (url, result)
        }));
    }
    let mut report = Report::default();
    for task in tasks {
        match task.await.expect("no task panics") {
            (_, Ok(answer)) => report.answers.push(answer),
            (url, Err(error)) => report.failures.push((url, error)),
        }
    }
    report
}
