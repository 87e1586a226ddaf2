//! Wrong: room is made when there is one too many.

use futures::stream::{FuturesUnordered, StreamExt};

/// Runs all `futures`, never more than `limit` of them at a time, and returns their
/// outputs in the order of the list.
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

#[cfg(test)]
#[path = "../check.rs"]
mod check;
