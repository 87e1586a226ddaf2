//! Wrong: hashes the upload without the white space at its end.

impl Hasher {
    fn new(limit: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(limit)) }
    }

    async fn hash(&self, upload: String) -> Result<String> {
        let hashed = async {
            let permit = Arc::clone(&self.permits).acquire_owned().await?;
            let call = spawn_blocking(move || {
                let hash = uploads::hash(upload.trim_end());
                drop(permit);
                hash
            });
            call.await?
        };
        timeout(DEADLINE, hashed).await.context("hashing took too long")?
    }
}
