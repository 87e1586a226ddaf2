//! Wrong: the deadline of the queued callers starts again whenever a call ends.

use tokio::sync::watch;
use tokio::time::timeout_at;

struct Hasher {
    limit: usize,
    running: watch::Sender<usize>,
}

impl Hasher {
    fn new(limit: usize) -> Self {
        Self { limit, running: watch::Sender::new(0) }
    }

    async fn hash(&self, upload: String) -> Result<String> {
        let end = Instant::now() + DEADLINE;
        let enter = |running: &mut usize| {
            let free = *running < self.limit;
            *running += usize::from(free);
            free
        };
        let mut changes = self.running.subscribe();
        while !self.running.send_if_modified(enter) {
            timeout(DEADLINE, changes.changed())
                .await
                .context("queued too long")??;
        }
        let running = self.running.clone();
        let call = spawn_blocking(move || {
            let hash = uploads::hash(&upload);
            running.send_modify(|running| *running -= 1);
            hash
        });
        timeout_at(end, call).await.context("hashing took too long")??
    }
}
