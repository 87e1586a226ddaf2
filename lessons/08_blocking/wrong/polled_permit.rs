//! Wrong: asks for a permit in a loop, which takes time from other futures.

use tokio::task::yield_now;

impl Hasher {
    fn new(limit: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(limit)) }
    }

    async fn hash(&self, upload: String) -> Result<String> {
        let hashed = async {
            let permit = loop {
                match Arc::clone(&self.permits).try_acquire_owned() {
                    Ok(permit) => break permit,
                    Err(_) => yield_now().await,
                }
            };
            let call = spawn_blocking(move || {
                let hash = uploads::hash(&upload);
                drop(permit);
                hash
            });
            call.await?
        };
        timeout(DEADLINE, hashed).await.context("hashing took too long")?
    }
}
