//! Wrong: the permit stays with the caller, so it is released at the timeout, while
//! the call still runs.

impl Hasher {
    fn new(limit: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(limit)) }
    }

    async fn hash(&self, upload: String) -> Result<String> {
        let hashed = async {
            let _permit = self.permits.acquire().await?;
            spawn_blocking(move || uploads::hash(&upload)).await?
        };
        timeout(DEADLINE, hashed).await.context("hashing took too long")?
    }
}
