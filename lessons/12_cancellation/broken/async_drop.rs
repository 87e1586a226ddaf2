//! The trait `Drop` has no async version.

use tokio::time::{Duration, sleep};

struct TempFile;

impl Drop for TempFile {
    async fn drop(&mut self) {
        sleep(Duration::from_millis(10)).await;
    }
}

fn main() {
    drop(TempFile);
}
