//! Wrong: gives up on a line that takes longer than a second.

use std::iter::once;

use tokio::time::timeout;

async fn save_list(log: &Log, title: &str, items: &[&str]) {
    let lines = once(title).chain(items.iter().copied()).chain(once("end"));
    for line in lines {
        let _ = timeout(Duration::from_secs(1), save(log, line)).await;
    }
}
