//! Wrong: returns the outputs in the order of completion.

async fn gather_limited<F: Future>(limit: usize, futures: Vec<F>) -> Vec<F::Output> {
    stream::iter(futures).buffer_unordered(limit).collect().await
}
