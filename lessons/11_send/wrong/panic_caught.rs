//! Wrong: a task panics for a number that no subscriber has, and that is the answer.

use tokio::task;

#[derive(Default)]
struct List {
    addresses: Mutex<Vec<Arc<Text>>>,
}

async fn subscribe(list: Arc<List>, address: Text) -> usize {
    let number = {
        let mut addresses = list.addresses.lock().unwrap();
        addresses.push(Arc::new(address));
        addresses.len()
    };
    service::welcome(number).await;
    number
}

async fn remind(list: Arc<List>, number: usize) -> bool {
    let addresses = list.addresses.lock().unwrap().clone();
    let sending = task::spawn(async move {
        service::send(&addresses[number.wrapping_sub(1)]).await;
    });
    sending.await.is_ok()
}
