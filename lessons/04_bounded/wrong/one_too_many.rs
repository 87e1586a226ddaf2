//! Wrong: waits for a free slot only after it has started one too many.

use futures::stream::FuturesUnordered;

async fn gather_limited<F: Future>(limit: usize, futures: Vec<F>) -> Vec<F::Output> {
    let mut outputs: Vec<_> = futures.iter().map(|_| None).collect();
    let mut running = FuturesUnordered::new();
    for (place, future) in futures.into_iter().enumerate() {
        running.push(async move { (place, future.await) });
        if running.len() > limit
            && let Some((place, output)) = running.next().await
        {
            outputs[place] = Some(output);
        }
    }
    while let Some((place, output)) = running.next().await {
        outputs[place] = Some(output);
    }
    outputs.into_iter().flatten().collect()
}
