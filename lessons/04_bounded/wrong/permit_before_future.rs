//! Wrong: acquires permits for futures that nothing polls yet: a deadlock.

use futures::future::join_all;
use tokio::sync::Semaphore;

async fn gather_limited<F: Future>(limit: usize, futures: Vec<F>) -> Vec<F::Output> {
    let permits = Semaphore::new(limit);
    let mut jobs = Vec::new();
    for future in futures {
        let permit = permits.acquire().await;
        jobs.push(async {
            let output = future.await;
            drop(permit);
            output
        });
    }
    join_all(jobs).await
}
