//! Wrong: runs batches, each as slow as its slowest future.

use futures::future::join_all;

async fn gather_limited<F: Future>(limit: usize, futures: Vec<F>) -> Vec<F::Output> {
    let mut futures = futures.into_iter();
    let mut outputs = Vec::new();
    while futures.len() > 0 {
        let batch = futures.by_ref().take(limit);
        outputs.extend(join_all(batch).await);
    }
    outputs
}
