//! The trait `Drop` has no async version.

use tokio::time::{Duration, sleep};

const TIME: Duration = Duration::from_millis(10);

struct TempFile;

impl Drop for TempFile {
    async fn drop(&mut self) {
        sleep(TIME).await;
    }
}

fn main() {
    drop(TempFile);
}
