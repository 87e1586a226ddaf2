//! `drop` is not async, so it cannot await.

use tokio::time::{Duration, sleep};

struct TempFile;

impl Drop for TempFile {
    fn drop(&mut self) {
        sleep(Duration::from_millis(10)).await;
    }
}

fn main() {
    drop(TempFile);
}
