//! A task matches on what it finds behind a lock.

use std::sync::{Mutex, MutexGuard};

static PRICES: Mutex<Vec<u32>> = Mutex::new(Vec::new());

#[tokio::main]
async fn main() {
    tokio::spawn(order(2)).await.unwrap();
}

async fn order(item: usize) {
    match list().get(item) {
        Some(price) => {
            save(*price).await;
        }
        None => println!("no item {item}"),
    }
}

fn list() -> MutexGuard<'static, Vec<u32>> {
    PRICES.lock().unwrap()
}

async fn save(_price: u32) {}
