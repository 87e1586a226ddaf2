//! Wrong: the outputs stand in the order in which they came.

use futures::stream::{self, StreamExt};

/// Runs all `futures`, never more than `limit` of them at a time, and returns their
/// outputs in the order of the list.
async fn gather_limited<F: Future>(limit: usize, futures: Vec<F>) -> Vec<F::Output> {
    stream::iter(futures).buffer_unordered(limit).collect().await
}

#[cfg(test)]
#[path = "../check.rs"]
mod check;
