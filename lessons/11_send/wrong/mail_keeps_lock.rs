//! Wrong: mails share tokio's lock, and a subscriber waits for them.

use tokio::sync::RwLock;

#[derive(Default)]
struct List {
    addresses: RwLock<Vec<Text>>,
}

async fn subscribe(list: Arc<List>, address: Text) -> usize {
    let number = {
        let mut addresses = list.addresses.write().await;
        addresses.push(address);
        addresses.len()
    };
    service::welcome(number).await;
    number
}

async fn remind(list: Arc<List>, number: usize) -> bool {
    match list.addresses.read().await.get(number.wrapping_sub(1)) {
        Some(address) => {
            service::send(address).await;
            true
        }
        None => false,
    }
}
