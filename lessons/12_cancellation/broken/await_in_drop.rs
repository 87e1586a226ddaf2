//! `drop` is not async, so it cannot await.

use tokio::time::{Duration, sleep};

const TIME: Duration = Duration::from_millis(10);

struct TempFile;

impl Drop for TempFile {
    fn drop(&mut self) {
        sleep(TIME).await;
    }
}

fn main() {
    drop(TempFile);
}
