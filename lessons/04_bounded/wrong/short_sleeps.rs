//! Wrong: waits for a free slot in a loop of short sleeps.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use futures::future::join_all;
use tokio::time::sleep;

async fn gather_limited<F: Future>(limit: usize, futures: Vec<F>) -> Vec<F::Output> {
    let running = AtomicUsize::new(0);
    let jobs = futures.into_iter().map(async |future| {
        while running.load(SeqCst) >= limit {
            sleep(Duration::from_millis(1)).await;
        }
        running.fetch_add(1, SeqCst);
        let output = future.await;
        running.fetch_sub(1, SeqCst);
        output
    });
    join_all(jobs).await
}
