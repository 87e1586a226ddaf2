//! Wrong: the title's future is made first, and awaited after the others.

async fn save_list(log: &Log, title: &str, items: &[&str]) {
    let title = save(log, title);
    for item in items {
        save(log, item).await;
    }
    save(log, "end").await;
    title.await;
}
