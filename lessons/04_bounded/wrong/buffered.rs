//! Wrong: `buffered`, whose places stay taken until it is their turn.

use futures::stream::{self, StreamExt};

/// Runs all `futures`, never more than `limit` of them at a time, and returns their
/// outputs in the order of the list.
// ANCHOR: wrong
async fn gather_limited<F: Future>(limit: usize, futures: Vec<F>) -> Vec<F::Output> {
    stream::iter(futures).buffered(limit).collect().await
}
// ANCHOR_END: wrong

#[cfg(test)]
#[path = "../check.rs"]
mod check;
