//! Wrong: `spawn_local` within the future. Its handle is `Send`, but it panics.

use std::rc::Rc;

use tokio::task::spawn_local;

async fn publish(issue: Text, hosts: Vec<String>) {
    let upload = async move {
        let issue = Rc::new(issue);
        let uploads = hosts.into_iter().map(|host| {
            let issue = Rc::clone(&issue);
            async move { service::upload(&host, &issue).await }
        });
        join_all(uploads).await;
    };
    spawn_local(upload).await.unwrap();
}
