//! A task matches on what it finds behind a lock.

use std::sync::Mutex;

static PRICES: Mutex<Vec<u32>> = Mutex::new(Vec::new());

#[tokio::main]
async fn main() {
    tokio::spawn(order(2)).await.unwrap();
}

async fn order(item: usize) {
    match PRICES.lock().unwrap().get(item) {
        Some(price) => save(*price).await,
        None => println!("no item {item}"),
    }
}

async fn save(_price: u32) {}
