//! Wrong: TODO, a third typical mistake.

use tokio::time::sleep;

async fn both<F: Future>(a: F, b: F) -> (F::Output, F::Output) {
    let outputs = tokio::join!(a, b);
    sleep(Duration::from_millis(100)).await;
    outputs
}
