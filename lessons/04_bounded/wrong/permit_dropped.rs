//! Wrong: the permit is given back in the line that takes it.

use futures::future::join_all;
use tokio::sync::Semaphore;

/// Runs all `futures`, never more than `limit` of them at a time, and returns their
/// outputs in the order of the list.
async fn gather_limited<F: Future>(limit: usize, futures: Vec<F>) -> Vec<F::Output> {
    let permits = Semaphore::new(limit);
    let jobs = futures.into_iter().map(async |future| {
        let _ = permits.acquire().await;
        future.await
    });
    join_all(jobs).await
}

#[cfg(test)]
#[path = "../check.rs"]
mod check;
