//! Wrong: `block_in_place`, which only the multi-thread runtime has.

use tokio::task::block_in_place;

impl Hasher {
    fn new(limit: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(limit)) }
    }

    async fn hash(&self, upload: String) -> Result<String> {
        let hashed = async {
            let _permit = self.permits.acquire().await?;
            block_in_place(|| uploads::hash(&upload))
        };
        timeout(DEADLINE, hashed).await.context("hashing took too long")?
    }
}
