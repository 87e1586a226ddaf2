//! Wrong: starts the next future only when it is polled again, which no one does if
//! all that run are ready at once.

use std::future::poll_fn;
use std::task::Poll;

async fn gather_limited<F: Future>(limit: usize, futures: Vec<F>) -> Vec<F::Output> {
    let mut waiting = futures.into_iter().enumerate();
    let (mut running, mut outputs) = (Vec::new(), Vec::new());
    poll_fn(|context| {
        // A future that is done frees a slot: its successor starts in the second round.
        for _ in 0..2 {
            let free = waiting.by_ref().take(limit - running.len());
            running.extend(free.map(|(index, future)| (index, Box::pin(future))));
            running.retain_mut(|(index, future)| {
                let polled = future.as_mut().poll(context);
                polled.map(|output| outputs.push((*index, output))).is_pending()
            });
        }
        let done = running.is_empty() && waiting.len() == 0;
        if done { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    outputs.sort_unstable_by_key(|&(index, _)| index);
    outputs.into_iter().map(|(_, output)| output).collect()
}
