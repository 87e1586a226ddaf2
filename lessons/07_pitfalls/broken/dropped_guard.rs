//! A task drops a lock guard before an `.await`, but in the same block.

use std::sync::Mutex;

static HITS: Mutex<u32> = Mutex::new(0);

#[tokio::main]
async fn main() {
    tokio::spawn(hit()).await.unwrap();
}

async fn hit() {
    let mut hits = HITS.lock().unwrap();
    *hits += 1;
    drop(hits);
    save().await;
}

async fn save() {}
