//! A task holds a lock guard across an `.await`.

use std::sync::Mutex;

static HITS: Mutex<u32> = Mutex::new(0);

#[tokio::main]
async fn main() {
    tokio::spawn(hit()).await.unwrap();
}

async fn hit() {
    let mut hits = HITS.lock().unwrap();
    save().await;
    *hits += 1;
}

async fn save() {}
