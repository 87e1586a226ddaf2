//! Wrong: reads the number after the save, when others have signed too.

#[instrument(skip_all)]
async fn sign(book: &Mutex<Book>) -> u32 {
    let mut guard = book.lock().await;
    guard.signed += 1;
    if guard.signed % 3 == 0 {
        drop(guard);
        save(book).await;
        guard = book.lock().await;
    }
    guard.signed
}
