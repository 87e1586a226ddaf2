//! Wrong: the deadline starts when the call does, not while it is queued.

impl Hasher {
    fn new(limit: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(limit)) }
    }

    async fn hash(&self, upload: String) -> Result<String> {
        let permit = Arc::clone(&self.permits).acquire_owned().await?;
        let call = spawn_blocking(move || {
            let hash = uploads::hash(&upload);
            drop(permit);
            hash
        });
        timeout(DEADLINE, call).await.context("hashing took too long")??
    }
}
