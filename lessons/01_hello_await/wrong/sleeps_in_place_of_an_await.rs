//! Wrong: saves the title in a task, and sleeps for longer than that takes.

async fn save_list(log: &Log, title: &str, items: &[&str]) {
    let (mine, owned) = (log.clone(), title.to_owned());
    tokio::spawn(async move { save(&mine, &owned).await });
    sleep(Duration::from_secs(1)).await;
    for item in items {
        save(log, item).await;
    }
    save(log, "end").await;
}
