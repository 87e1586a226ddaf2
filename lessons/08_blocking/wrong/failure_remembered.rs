//! Wrong: remembers all results, even that the time was up.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

struct Hasher {
    permits: Arc<Semaphore>,
    results: Mutex<HashMap<String, Result<String, String>>>,
}

impl Hasher {
    fn new(limit: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(limit)), results: Mutex::default() }
    }

    async fn hash(&self, upload: String) -> Result<String> {
        let lock = || self.results.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(result) = lock().get(&upload) {
            return result.clone().map_err(anyhow::Error::msg);
        }
        let name = upload.clone();
        let hashed = async {
            let permit = Arc::clone(&self.permits).acquire_owned().await?;
            let call = spawn_blocking(move || {
                let hash = uploads::hash(&upload);
                drop(permit);
                hash
            });
            call.await?
        };
        let result =
            timeout(DEADLINE, hashed).await.context("hashing took too long");
        let result = result.flatten();
        let text = result.as_ref().map(String::clone).map_err(ToString::to_string);
        lock().insert(name, text);
        result
    }
}
