//! Wrong: spawns tasks that continue after `gather_limited` is dropped.

use std::sync::Arc;
use tokio::sync::Semaphore;

async fn gather_limited<F>(limit: usize, futures: Vec<F>) -> Vec<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let permits = Arc::new(Semaphore::new(limit));
    let start = |future: F| {
        let permits = Arc::clone(&permits);
        tokio::spawn(async move {
            let _permit = permits.acquire().await;
            future.await
        })
    };
    let tasks: Vec<_> = futures.into_iter().map(start).collect();
    let mut outputs = Vec::new();
    for task in tasks {
        outputs.push(task.await.expect("no job panics"));
    }
    outputs
}
