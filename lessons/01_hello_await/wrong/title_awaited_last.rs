//! Wrong: creates the title's future first, and awaits it last.

async fn save_list(log: &Log, title: &str, items: &[&str]) {
    let title = save(log, title);
    for item in items {
        save(log, item).await;
    }
    save(log, "end").await;
    title.await;
}
