//! Wrong: keeps the limit in a `static`, so each new hasher changes that of the others.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use tokio::sync::watch;

static LIMIT: AtomicUsize = AtomicUsize::new(0);

struct Hasher {
    running: watch::Sender<usize>,
}

impl Hasher {
    fn new(limit: usize) -> Self {
        LIMIT.store(limit, SeqCst);
        Self { running: watch::Sender::new(0) }
    }

    async fn hash(&self, upload: String) -> Result<String> {
        let enter = |running: &mut usize| {
            let free = *running < LIMIT.load(SeqCst);
            *running += usize::from(free);
            free
        };
        let hashed = async {
            let mut changes = self.running.subscribe();
            while !self.running.send_if_modified(enter) {
                changes.changed().await?;
            }
            let running = self.running.clone();
            let call = spawn_blocking(move || {
                let hash = uploads::hash(&upload);
                running.send_modify(|running| *running -= 1);
                hash
            });
            call.await?
        };
        timeout(DEADLINE, hashed).await.context("hashing took too long")?
    }
}
