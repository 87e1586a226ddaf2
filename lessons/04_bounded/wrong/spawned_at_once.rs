//! Wrong: spawns all futures at once, and limits only how many handles it awaits.

async fn gather_limited<F>(limit: usize, futures: Vec<F>) -> Vec<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let tasks: Vec<_> = futures.into_iter().map(tokio::spawn).collect();
    let outputs = stream::iter(tasks).buffered(limit).map(|joined| joined.unwrap());
    outputs.collect().await
}
