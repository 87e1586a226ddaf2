//! Wrong: the outputs stand in the order in which they came.

async fn gather_limited<F: Future>(limit: usize, futures: Vec<F>) -> Vec<F::Output> {
    stream::iter(futures).buffer_unordered(limit).collect().await
}
