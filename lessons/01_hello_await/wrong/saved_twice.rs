//! Wrong: saves the last line in a task, and again without one.

async fn save_list(log: &Log, title: &str, items: &[&str]) {
    save(log, title).await;
    for item in items {
        save(log, item).await;
    }
    let its_log = log.clone();
    let end = tokio::spawn(async move { save(&its_log, "end").await });
    save(log, "end").await;
    end.await.expect("`save` does not panic");
}
