//! What the service of exercise 07 stands on. All of this is fine: it stays as it
//! is.

use anyhow::{Result, ensure};
use std::time::Duration;
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

/// Makes a photo small. That is hard work, for which it keeps its thread for 150 ms.
#[instrument(skip_all)]
pub fn shrink(photo: &str) -> String {
    std::thread::sleep(150 * MS);
    format!("small {photo}")
}

/// How many visitors have signed the guest book, and how often it was saved.
#[derive(Debug, Default)]
pub struct Book {
    pub signed: u32,
    pub saves: u32,
}

/// Saves the guest book: 100 ms. Then it locks the book, to count the save.
#[instrument(skip_all)]
pub async fn save(book: &Mutex<Book>) {
    sleep(100 * MS).await;
    book.lock().await.saves += 1;
}

/// Sends a mail: 100 ms. An address without an @ is an error at once.
#[instrument]
pub async fn mail(address: String) -> Result<()> {
    ensure!(address.contains('@'), "no mail can go to {address:?}");
    sleep(100 * MS).await;
    Ok(())
}

/// Looks for `word` in "photos", which takes 150 ms, or in "albums": 100 ms.
#[instrument]
pub async fn find(place: &str, word: &str) -> String {
    sleep(if place == "photos" { 150 * MS } else { 100 * MS }).await;
    format!("{place} with {word}")
}
