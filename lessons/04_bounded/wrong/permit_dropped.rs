//! Wrong: releases the permit in the line that acquires it (`let _ =`).

use futures::future::join_all;
use tokio::sync::Semaphore;

async fn gather_limited<F: Future>(limit: usize, futures: Vec<F>) -> Vec<F::Output> {
    let permits = Semaphore::new(limit);
    let jobs = futures.into_iter().map(async |future| {
        let _ = permits.acquire().await;
        future.await
    });
    join_all(jobs).await
}
