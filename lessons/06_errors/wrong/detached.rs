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
        let (url, result) = task.await.expect("no task panics");
        report.add(&url, result);
    }
    report
}
