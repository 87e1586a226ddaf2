//! Wrong: tokio's mutex makes the futures `Send`, and is locked during the calls.

use tokio::sync::Mutex;

#[derive(Default)]
struct List {
    addresses: Mutex<Vec<Text>>,
}

async fn subscribe(list: Arc<List>, address: Text) -> usize {
    let mut addresses = list.addresses.lock().await;
    addresses.push(address);
    service::welcome(addresses.len()).await;
    addresses.len()
}

async fn remind(list: Arc<List>, number: usize) -> bool {
    match list.addresses.lock().await.get(number.wrapping_sub(1)) {
        Some(address) => {
            service::send(address).await;
            true
        }
        None => false,
    }
}
