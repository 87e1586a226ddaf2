//! Wrong: releases the permit after 200 ms, because a call takes 200 ms.

use tokio::task::spawn;

impl Hasher {
    fn new(limit: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(limit)) }
    }

    async fn hash(&self, upload: String) -> Result<String> {
        let hashed = async {
            let permit = Arc::clone(&self.permits).acquire_owned().await?;
            spawn(async {
                sleep(Duration::from_millis(200)).await;
                drop(permit);
            });
            spawn_blocking(move || uploads::hash(&upload)).await?
        };
        timeout(DEADLINE, hashed).await.context("hashing took too long")?
    }
}
