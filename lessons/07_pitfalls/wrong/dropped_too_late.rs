//! Wrong: drops the guard, but only after the save.

#[instrument(skip_all)]
async fn sign(book: &Mutex<Book>) -> u32 {
    let mut guard = book.lock().await;
    guard.signed += 1;
    let number = guard.signed;
    if number % 3 == 0 {
        save(book).await;
    }
    drop(guard);
    number
}
