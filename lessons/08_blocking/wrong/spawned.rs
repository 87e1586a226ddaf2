//! Wrong: calls the blocking function in a task, on the same thread.

use tokio::task::spawn;

impl Hasher {
    fn new(limit: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(limit)) }
    }

    async fn hash(&self, upload: String) -> Result<String> {
        let hashed = async {
            let permit = Arc::clone(&self.permits).acquire_owned().await?;
            let call = spawn(async move {
                let hash = uploads::hash(&upload);
                drop(permit);
                hash
            });
            call.await?
        };
        timeout(DEADLINE, hashed).await.context("hashing took too long")?
    }
}
