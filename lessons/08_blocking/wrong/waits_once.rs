//! Wrong: a caller that was woken takes a place without looking whether one is free.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use tokio::sync::Notify;

struct Hasher {
    limit: usize,
    running: Arc<AtomicUsize>,
    ended: Arc<Notify>,
}

impl Hasher {
    fn new(limit: usize) -> Self {
        Self { limit, running: Arc::default(), ended: Arc::default() }
    }

    async fn hash(&self, upload: String) -> Result<String> {
        let hashed = async {
            if self.running.load(SeqCst) >= self.limit {
                self.ended.notified().await;
            }
            self.running.fetch_add(1, SeqCst);
            let (running, ended) =
                (Arc::clone(&self.running), Arc::clone(&self.ended));
            let call = spawn_blocking(move || {
                let hash = uploads::hash(&upload);
                running.fetch_sub(1, SeqCst);
                ended.notify_one();
                hash
            });
            call.await?
        };
        timeout(DEADLINE, hashed).await.context("hashing took too long")?
    }
}
