//! Wrong: never releases a permit.

use futures::future::join_all;
use tokio::sync::Semaphore;

async fn gather_limited<F: Future>(limit: usize, futures: Vec<F>) -> Vec<F::Output> {
    let permits = Semaphore::new(limit);
    let jobs = futures.into_iter().map(async |future| {
        permits.acquire().await.map(|permit| permit.forget()).ok();
        future.await
    });
    join_all(jobs).await
}
