//! Wrong: sorts the items.

async fn save_list(log: &Log, title: &str, items: &[&str]) {
    let mut items = items.to_vec();
    items.sort();
    save(log, title).await;
    for item in items {
        save(log, item).await;
    }
    save(log, "end").await;
}
