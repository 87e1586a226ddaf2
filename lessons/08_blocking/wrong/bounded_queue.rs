//! Wrong: fails if more than 1000 callers wait.

use anyhow::ensure;

struct Hasher {
    permits: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl Hasher {
    fn new(limit: usize) -> Self {
        let [permits, waiting] = [limit, 1000].map(Semaphore::new).map(Arc::new);
        Self { permits, waiting }
    }

    async fn hash(&self, upload: String) -> Result<String> {
        let place = self.waiting.try_acquire();
        ensure!(place.is_ok(), "too many uploads");
        let hashed = async {
            let permit = Arc::clone(&self.permits).acquire_owned().await?;
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
