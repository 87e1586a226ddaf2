//! Wrong: saves nothing if the list has no items.

async fn save_list(log: &Log, title: &str, items: &[&str]) {
    if items.is_empty() {
        return;
    }
    save(log, title).await;
    for item in items {
        save(log, item).await;
    }
    save(log, "end").await;
}
