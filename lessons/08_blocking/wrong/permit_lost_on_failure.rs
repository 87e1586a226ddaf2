//! Wrong: gives the permit back only if the hash succeeds.

impl Hasher {
    fn new(limit: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(limit)) }
    }

    async fn hash(&self, upload: String) -> Result<String> {
        let permits = Arc::clone(&self.permits);
        let hashed = async {
            self.permits.acquire().await?.forget();
            let call = spawn_blocking(move || {
                let hash = uploads::hash(&upload)?;
                permits.add_permits(1);
                Ok(hash)
            });
            call.await?
        };
        timeout(DEADLINE, hashed).await.context("hashing took too long")?
    }
}
