//! Wrong: `pop` takes the last of the list first.

use futures::stream::{FuturesUnordered, StreamExt};

/// Runs all `futures`, never more than `limit` of them at a time, and returns their
/// outputs in the order of the list.
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

#[cfg(test)]
#[path = "../check.rs"]
mod check;
