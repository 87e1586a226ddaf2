//! Wrong: the title is awaited, the last line is still dropped.

async fn save_list(log: &Log, title: &str, items: &[&str]) {
    save(log, title).await;
    for item in items {
        save(log, item).await;
    }
    drop(save(log, "end"));
}
