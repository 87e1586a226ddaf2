//! Wrong: awaits each future before it starts the next.

async fn gather_limited<F: Future>(limit: usize, futures: Vec<F>) -> Vec<F::Output> {
    // The limit has no effect here.
    let mut outputs = Vec::with_capacity(limit);
    for future in futures {
        outputs.push(future.await);
    }
    outputs
}
