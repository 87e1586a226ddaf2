//! Wrong: no longer deadlocks, but holds the lock while it saves.

use tokio::time::sleep;

async fn save_locked(book: &mut Book) {
    sleep(100 * MS).await;
    book.saves += 1;
}

#[instrument(skip_all)]
async fn sign(book: &Mutex<Book>) -> u32 {
    let mut guard = book.lock().await;
    guard.signed += 1;
    if guard.signed % 3 == 0 {
        save_locked(&mut guard).await;
    }
    guard.signed
}
