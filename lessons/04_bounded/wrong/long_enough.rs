//! Wrong: assumes that the list is at least as long as the limit.

use futures::stream::FuturesUnordered;

async fn gather_limited<F: Future>(limit: usize, futures: Vec<F>) -> Vec<F::Output> {
    let mut outputs: Vec<_> = futures.iter().map(|_| None).collect();
    let numbered = futures.into_iter().enumerate();
    let mut waiting = numbered.map(async |(place, future)| (place, future.await));
    let mut running = FuturesUnordered::new();
    for _ in 0..limit {
        running.push(waiting.next().unwrap());
    }
    while let Some((place, output)) = running.next().await {
        outputs[place] = Some(output);
        running.extend(waiting.next());
    }
    outputs.into_iter().flatten().collect()
}
