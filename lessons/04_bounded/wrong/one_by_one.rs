//! Wrong: each is awaited before the next begins.

async fn gather_limited<F: Future>(limit: usize, futures: Vec<F>) -> Vec<F::Output> {
    // As if a limit had something to limit here.
    let mut outputs = Vec::with_capacity(limit);
    for future in futures {
        outputs.push(future.await);
    }
    outputs
}
