//! Wrong: the outputs are swapped.

async fn both<F: Future>(a: F, b: F) -> (F::Output, F::Output) {
    let (a, b) = tokio::join!(a, b);
    (b, a)
}
