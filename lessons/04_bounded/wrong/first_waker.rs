//! Wrong: keeps the waker of the first poll, although later polls may have another
//! one.

use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Waker};

async fn gather_limited<F: Future>(limit: usize, futures: Vec<F>) -> Vec<F::Output> {
    let numbered = futures.into_iter().enumerate();
    let jobs = numbered.map(async |(index, future)| (index, future.await));
    let mut all =
        pin!(stream::iter(jobs).buffer_unordered(limit).collect::<Vec<_>>());
    let mut first: Option<Waker> = None;
    let all = poll_fn(|context| {
        let waker = first.get_or_insert_with(|| context.waker().clone());
        all.as_mut().poll(&mut Context::from_waker(waker))
    });
    let mut outputs = all.await;
    outputs.sort_unstable_by_key(|&(index, _)| index);
    outputs.into_iter().map(|(_, output)| output).collect()
}
