//! Wrong: takes futures with `pop`, which starts with the last.

use futures::stream::FuturesUnordered;

async fn gather_limited<F: Future>(limit: usize, futures: Vec<F>) -> Vec<F::Output> {
    let mut outputs: Vec<_> = futures.iter().map(|_| None).collect();
    let mut waiting: Vec<_> = futures
        .into_iter()
        .enumerate()
        .map(async |(place, future)| (place, future.await))
        .collect();
    let mut running = FuturesUnordered::new();
    loop {
        while running.len() < limit
            && let Some(job) = waiting.pop()
        {
            running.push(job);
        }
        match running.next().await {
            Some((place, output)) => outputs[place] = Some(output),
            None => return outputs.into_iter().flatten().collect(),
        }
    }
}
