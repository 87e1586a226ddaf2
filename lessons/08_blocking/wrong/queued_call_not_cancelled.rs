//! Wrong: does not cancel a queued call when the caller is dropped.
use tokio::runtime::{Builder, Runtime};

struct Hasher {
    pool: Option<Runtime>,
}

impl Drop for Hasher {
    fn drop(&mut self) {
        if let Some(pool) = self.pool.take() {
            pool.shutdown_background();
        }
    }
}

impl Hasher {
    fn new(limit: usize) -> Self {
        let pool = Builder::new_current_thread().max_blocking_threads(limit).build();
        Self { pool: pool.ok() }
    }

    async fn hash(&self, upload: String) -> Result<String> {
        let pool = self.pool.as_ref().context("no pool")?;
        let mut call = pool.spawn_blocking(move || uploads::hash(&upload));
        tokio::select! {
            done = &mut call => done?,
            () = sleep(DEADLINE) => {
                call.abort();
                anyhow::bail!("too slow")
            }
        }
    }
}
