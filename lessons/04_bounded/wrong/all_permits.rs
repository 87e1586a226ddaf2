//! Wrong: lets each job acquire all permits.

use futures::future::join_all;
use tokio::sync::Semaphore;

async fn gather_limited<F: Future>(limit: usize, futures: Vec<F>) -> Vec<F::Output> {
    let permits = Semaphore::new(limit);
    let jobs = futures.into_iter().map(async |future| {
        let _permit = permits.acquire_many(limit as u32).await.ok();
        future.await
    });
    join_all(jobs).await
}
