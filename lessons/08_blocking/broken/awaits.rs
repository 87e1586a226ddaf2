//! The closure is not async, so it cannot await.

use tokio::task::spawn_blocking;

#[tokio::main]
async fn main() {
    let call = || get().await;
    println!("{}", spawn_blocking(call).await.unwrap());
}

async fn get() -> String {
    "a page".to_owned()
}
