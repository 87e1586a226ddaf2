//! Wrong: runs one job fewer than the limit.

use futures::future::join_all;
use tokio::sync::Semaphore;

async fn gather_limited<F: Future>(limit: usize, futures: Vec<F>) -> Vec<F::Output> {
    let permits = Semaphore::new(limit - 1);
    let jobs = futures.into_iter().map(async |future| {
        let _permit = permits.acquire().await.ok();
        future.await
    });
    join_all(jobs).await
}
