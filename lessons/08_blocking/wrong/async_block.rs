//! Wrong: puts the blocking call into an `async` block.

impl Hasher {
    fn new(limit: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(limit)) }
    }

    async fn hash(&self, upload: String) -> Result<String> {
        let hashed = async {
            let _permit = self.permits.acquire().await?;
            uploads::hash(&upload)
        };
        timeout(DEADLINE, hashed).await.context("hashing took too long")?
    }
}
