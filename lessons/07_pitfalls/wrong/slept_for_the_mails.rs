//! Wrong: sleeps for as long as a mail takes, and awaits no mail.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::task::spawn;
use tokio::time::sleep;

async fn invite(friends: &[&str]) -> Result<()> {
    let failed = Arc::new(AtomicBool::new(false));
    for &friend in friends {
        let (sending, failed) = (mail(friend.to_owned()), Arc::clone(&failed));
        spawn(async move {
            if sending.await.is_err() {
                failed.store(true, Ordering::Relaxed);
            }
        });
    }
    sleep(100 * MS).await;
    anyhow::ensure!(!failed.load(Ordering::Relaxed), "a mail failed");
    Ok(())
}
