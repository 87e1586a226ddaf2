//! Wrong: saves each line in a task, and polls the log every 10 ms for it.

async fn save_list(log: &Log, title: &str, items: &[&str]) {
    let before = log.lines().len();
    let lines = [title].into_iter().chain(items.iter().copied()).chain(["end"]);
    for (count, line) in lines.enumerate() {
        let (mine, line) = (log.clone(), line.to_owned());
        tokio::spawn(async move { save(&mine, &line).await });
        while log.lines().len() <= before + count {
            sleep(Duration::from_millis(10)).await;
        }
    }
}
