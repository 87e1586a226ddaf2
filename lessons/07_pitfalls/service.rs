//! The building blocks of the service in exercise 07. They are correct: do not
//! change them.

use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::sync::Mutex;
use tokio::time::sleep;
use tracing::instrument;

pub const MS: Duration = Duration::from_millis(1);

/// Loads a photo: photo 10 takes 100 ms, photo 20 takes 200 ms.
#[instrument]
pub async fn load(photo: u32) -> String {
    sleep(10 * MS * photo).await;
    format!("photo {photo}")
}

/// Shrinks a photo. This blocks the thread for 150 ms.
#[instrument(skip_all)]
pub fn shrink(photo: &str) -> String {
    std::thread::sleep(150 * MS);
    format!("small {photo}")
}

/// Counts the visitors who signed the guest book, and the times it was saved.
#[derive(Debug, Default)]
pub struct Book {
    pub signed: u32,
    pub saves: u32,
}

/// Saves the guest book, which takes 100 ms, and then locks the book to count the
/// save.
#[instrument(skip_all)]
pub async fn save(book: &Mutex<Book>) {
    sleep(100 * MS).await;
    book.lock().await.saves += 1;
}

/// Sends a mail, which takes 100 ms. An address without an @ fails at once.
#[instrument]
pub async fn mail(address: String) -> Result<()> {
    ensure!(address.contains('@'), "cannot send mail to {address:?}");
    sleep(100 * MS).await;
    Ok(())
}

/// Searches "photos" (150 ms) or "albums" (100 ms) for `word`.
#[instrument]
pub async fn find(place: &str, word: &str) -> String {
    sleep(if place == "photos" { 150 * MS } else { 100 * MS }).await;
    format!("{place} with {word}")
}
