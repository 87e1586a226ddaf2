//! The closure borrows from its caller, which may be gone before the call ends.

use tokio::task::spawn_blocking;

#[tokio::main]
async fn main() {
    println!("{}", hash("upload").await);
}

async fn hash(upload: &str) -> usize {
    let call = spawn_blocking(move || upload.len());
    call.await.unwrap()
}
