//! Wrong: the caller releases the permit after its await, where it may have been dropped.

impl Hasher {
    fn new(limit: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(limit)) }
    }

    async fn hash(&self, upload: String) -> Result<String> {
        let hashed = async {
            self.permits.acquire().await?.forget();
            let hash = spawn_blocking(move || uploads::hash(&upload)).await;
            self.permits.add_permits(1);
            hash?
        };
        timeout(DEADLINE, hashed).await.context("hashing took too long")?
    }
}
