//! Wrong: returns a new error with the text of the error of `uploads::hash` in it.

impl Hasher {
    fn new(limit: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(limit)) }
    }

    async fn hash(&self, upload: String) -> Result<String> {
        let hashed = async {
            let permit = Arc::clone(&self.permits).acquire_owned().await?;
            let call = spawn_blocking(move || {
                let hash = uploads::hash(&upload);
                drop(permit);
                hash
            });
            call.await?
        };
        let hash =
            timeout(DEADLINE, hashed).await.context("hashing took too long")?;
        hash.map_err(|error| anyhow::anyhow!("internal error: {error}"))
    }
}
