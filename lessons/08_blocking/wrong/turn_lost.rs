//! Wrong: a turn that was given to a caller is lost if the caller is dropped.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;

#[derive(Default)]
struct Queue {
    running: usize,
    waiting: VecDeque<oneshot::Sender<()>>,
}

struct Hasher {
    limit: usize,
    queue: Arc<Mutex<Queue>>,
}

impl Hasher {
    fn new(limit: usize) -> Self {
        Self { limit, queue: Arc::default() }
    }

    /// Returns a receiver for the turn of the next caller, unless it has its turn.
    fn enter(&self) -> Option<oneshot::Receiver<()>> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.running < self.limit {
            queue.running += 1;
            return None;
        }
        let (give, turn) = oneshot::channel();
        queue.waiting.push_back(give);
        Some(turn)
    }

    async fn hash(&self, upload: String) -> Result<String> {
        let hashed = async {
            if let Some(turn) = self.enter() {
                turn.await?;
            }
            let queue = Arc::clone(&self.queue);
            let call = spawn_blocking(move || {
                let hash = uploads::hash(&upload);
                let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
                // Skips callers that have gone before.
                while let Some(give) = queue.waiting.pop_front() {
                    if give.send(()).is_ok() {
                        return hash;
                    }
                }
                queue.running -= 1;
                hash
            });
            call.await?
        };
        timeout(DEADLINE, hashed).await.context("hashing took too long")?
    }
}
