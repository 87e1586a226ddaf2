//! Wrong: has a limit of its own, for lists that are long enough to reach it.

async fn gather_limited<F: Future>(limit: usize, futures: Vec<F>) -> Vec<F::Output> {
    let limit = limit.min(100);
    let numbered = futures.into_iter().enumerate();
    let jobs = numbered.map(async |(index, future)| (index, future.await));
    let mut outputs: Vec<_> =
        stream::iter(jobs).buffer_unordered(limit).collect().await;
    outputs.sort_unstable_by_key(|&(index, _)| index);
    outputs.into_iter().map(|(_, output)| output).collect()
}
