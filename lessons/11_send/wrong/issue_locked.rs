//! Wrong: a lock around a value that no one changes.

async fn publish(issue: Text, hosts: Vec<String>) {
    let issue = Arc::new(tokio::sync::Mutex::new(issue));
    let uploads = hosts.into_iter().map(|host| {
        let issue = Arc::clone(&issue);
        async move { service::upload(&host, &*issue.lock().await).await }
    });
    join_all(uploads).await;
}
