//! Wrong: batches, each of which waits for its slowest.

use futures::future::join_all;

/// Runs all `futures`, never more than `limit` of them at a time, and returns their
/// outputs in the order of the list.
async fn gather_limited<F: Future>(limit: usize, futures: Vec<F>) -> Vec<F::Output> {
    let mut futures = futures.into_iter();
    let mut outputs = Vec::new();
    while futures.len() > 0 {
        let batch = futures.by_ref().take(limit);
        outputs.extend(join_all(batch).await);
    }
    outputs
}

#[cfg(test)]
#[path = "../check.rs"]
mod check;
