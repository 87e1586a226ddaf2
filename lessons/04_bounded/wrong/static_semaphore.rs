//! Wrong: shares one semaphore among all calls, with the limit of the first call.

use std::sync::OnceLock;

use futures::future::join_all;
use tokio::sync::Semaphore;

async fn gather_limited<F: Future>(limit: usize, futures: Vec<F>) -> Vec<F::Output> {
    static PERMITS: OnceLock<Semaphore> = OnceLock::new();
    let permits = PERMITS.get_or_init(|| Semaphore::new(limit));
    let jobs = futures.into_iter().map(async |future| {
        let _permit = permits.acquire().await.ok();
        future.await
    });
    join_all(jobs).await
}
