//! Wrong: saves all lines at the same time.

use futures::future::join_all;

async fn save_list(log: &Log, title: &str, items: &[&str]) {
    let lines = [title].into_iter().chain(items.iter().copied()).chain(["end"]);
    join_all(lines.map(|line| save(log, line))).await;
}
