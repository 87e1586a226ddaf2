//! Wrong: awaits the title, and still drops the future of the last line.

async fn save_list(log: &Log, title: &str, items: &[&str]) {
    save(log, title).await;
    for item in items {
        save(log, item).await;
    }
    drop(save(log, "end"));
}
