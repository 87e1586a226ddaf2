//! Wrong: never awaits the last upload.

async fn publish(issue: Text, mut hosts: Vec<String>) {
    let issue = Arc::new(issue);
    if let Some(host) = hosts.pop() {
        let issue = Arc::clone(&issue);
        task::spawn(async move { service::upload(&host, &issue).await });
    }
    join_all(hosts.iter().map(|host| service::upload(host, &issue))).await;
}
