//! Wrong: a task does all of the work, and goes on when its caller gives up in the
//! queue.

use tokio::task::spawn;

impl Hasher {
    fn new(limit: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(limit)) }
    }

    async fn hash(&self, upload: String) -> Result<String> {
        let permits = Arc::clone(&self.permits);
        let task = spawn(async move {
            let _permit = permits.acquire().await?;
            spawn_blocking(move || uploads::hash(&upload)).await?
        });
        timeout(DEADLINE, task).await.context("hashing took too long")??
    }
}
