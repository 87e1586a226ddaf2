//! Wrong: a copy of the issue for each host.

async fn publish(issue: Text, hosts: Vec<String>) {
    let uploads = hosts.into_iter().map(|host| {
        let issue = issue.clone();
        async move { service::upload(&host, &issue).await }
    });
    join_all(uploads).await;
}
