//! Wrong: saves an item that occurs twice in the list only once.

async fn save_list(log: &Log, title: &str, items: &[&str]) {
    save(log, title).await;
    for item in items {
        if !log.lines().iter().any(|line| line == item) {
            save(log, item).await;
        }
    }
    save(log, "end").await;
}
