//! Wrong: copies the whole list, to search it without the lock.

async fn remind(list: Arc<List>, number: usize) -> bool {
    let addresses = list.addresses.lock().unwrap().clone();
    match addresses.get(number.wrapping_sub(1)) {
        Some(address) => {
            service::send(address).await;
            true
        }
        None => false,
    }
}
