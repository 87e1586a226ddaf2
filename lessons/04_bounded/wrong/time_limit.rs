//! Wrong: drops a future that takes longer than 10 s.

use futures::future::ready;
use tokio::time::timeout;

async fn gather_limited<F: Future>(limit: usize, futures: Vec<F>) -> Vec<F::Output> {
    let numbered = futures.into_iter().enumerate();
    let jobs = numbered.map(async |(index, future)| {
        let output = timeout(Duration::from_secs(10), future).await.ok()?;
        Some((index, output))
    });
    let jobs = stream::iter(jobs).buffer_unordered(limit).filter_map(ready);
    let mut outputs: Vec<_> = jobs.collect().await;
    outputs.sort_unstable_by_key(|&(index, _)| index);
    outputs.into_iter().map(|(_, output)| output).collect()
}
