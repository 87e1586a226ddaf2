//! Wrong: uses `buffered`, where a finished future keeps its slot until its turn.

async fn gather_limited<F: Future>(limit: usize, futures: Vec<F>) -> Vec<F::Output> {
    stream::iter(futures).buffered(limit).collect().await
}
