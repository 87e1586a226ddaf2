//! Wrong: the second begins when the first is done.

async fn both<F: Future>(a: F, b: F) -> (F::Output, F::Output) {
    (a.await, b.await)
}
