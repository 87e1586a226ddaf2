//! The closure is not async, so it cannot await.

use tokio::task::spawn_blocking;

#[tokio::main]
async fn main() {
    let text = spawn_blocking(|| fetch().await);
    println!("{}", text.await.unwrap());
}

async fn fetch() -> String {
    "a page".to_owned()
}
