//! Wrong: does what `save` does, without calling it.

async fn save_list(log: &Log, title: &str, items: &[&str]) {
    for line in [&[title], items, &["end"]].concat() {
        sleep(Duration::from_millis(10) * line.len() as u32).await;
        log.note(line);
    }
}
