//! Wrong: saves two lines in tasks that are never awaited.

async fn save_list(log: &Log, title: &str, items: &[&str]) {
    let (mine, owned) = (log.clone(), title.to_owned());
    tokio::spawn(async move { save(&mine, &owned).await });
    for item in items {
        save(log, item).await;
    }
    let mine = log.clone();
    tokio::spawn(async move { save(&mine, "end").await });
}
