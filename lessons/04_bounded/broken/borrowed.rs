//! Spawned tasks borrow the semaphore that limits them.

use tokio::sync::Semaphore;

#[tokio::main]
async fn main() {
    let permits = Semaphore::new(50);
    for job in 0..5_000 {
        tokio::spawn(run(job, &permits));
    }
}

async fn run(job: u32, permits: &Semaphore) {
    let _permit = permits.acquire().await;
    println!("job {job}");
}
