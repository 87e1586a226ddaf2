//! Wrong: spawns the call of the service, and does not wait for it.

async fn subscribe(list: Arc<List>, address: Text) -> usize {
    let number = {
        let mut addresses = list.addresses.lock().unwrap();
        addresses.push(address);
        addresses.len()
    };
    task::spawn(service::welcome(number));
    number
}
