//! Wrong: logs the title and the end without saving them.

async fn save_list(log: &Log, title: &str, items: &[&str]) {
    log.note(title);
    for item in items {
        save(log, item).await;
    }
    log.note("end");
}
