//! A task drops its lock guard, but not the variable.

use std::sync::Mutex;

static SOLD: Mutex<u32> = Mutex::new(0);

#[tokio::main]
async fn main() {
    tokio::spawn(sell()).await.unwrap();
}

async fn sell() {
    let mut sold = SOLD.lock().unwrap();
    *sold += 1;
    let number = *sold;
    drop(sold);
    save(number).await;
}

async fn save(_number: u32) {}
