//! Wrong: both answers are there, but the albums wait for the photos.

use anyhow::{Result, ensure};
use futures::future::join_all;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tracing::instrument;

const MS: Duration = Duration::from_millis(1);

// What the service stands on.

/// Loads a photo: photo 10 takes 100 ms, photo 20 takes 200 ms.
#[instrument]
async fn load(photo: u32) -> String {
    sleep(10 * MS * photo).await;
    format!("photo {photo}")
}

/// Makes a photo small. That is hard work, for which it keeps its thread for 300 ms.
#[instrument(skip_all)]
fn shrink(photo: &str) -> String {
    std::thread::sleep(300 * MS);
    format!("small {photo}")
}

/// How many visitors have signed the guest book, and how often it was saved.
#[derive(Debug, Default)]
struct Book {
    signed: u32,
    saves: u32,
}

/// Saves the guest book: 100 ms. Then it locks the book, to count the save.
#[instrument(skip_all)]
async fn save(book: &Mutex<Book>) {
    sleep(100 * MS).await;
    book.lock().await.saves += 1;
}

/// Sends a mail: 100 ms. An address without an @ is an error at once.
#[instrument]
async fn mail(address: String) -> Result<()> {
    ensure!(address.contains('@'), "no mail can go to {address:?}");
    sleep(100 * MS).await;
    Ok(())
}

/// Looks for `word` in "photos", which takes 150 ms, or in "albums": 100 ms.
#[instrument]
async fn find(place: &str, word: &str) -> String {
    sleep(if place == "photos" { 150 * MS } else { 100 * MS }).await;
    format!("{place} with {word}")
}

// The service.

/// Loads all photos at the same time, and returns them in the order of `photos`.
async fn album(photos: &[u32]) -> Vec<String> {
    join_all(photos.iter().map(|&photo| load(photo))).await
}

/// A photo made small. While that goes on, other futures can run on this thread.
async fn thumbnail(photo: String) -> Result<String> {
    Ok(spawn_blocking(move || shrink(&photo)).await?)
}

/// A visitor signs, and is told their number: 1 is the first. Every third one waits
/// until the book is saved; meanwhile others can sign.
#[instrument(skip_all)]
async fn sign(book: &Mutex<Book>) -> u32 {
    let number = {
        let mut book = book.lock().await;
        book.signed += 1;
        book.signed
    };
    if number % 3 == 0 {
        save(book).await;
    }
    number
}

/// Mails all friends at the same time. Returns when every mail is sent or has failed:
/// an error, if any has failed.
async fn invite(friends: &[&str]) -> Result<()> {
    let mails = friends.iter().map(|&friend| mail(friend.to_owned()));
    join_all(mails).await.into_iter().collect()
}

/// What is found in "photos", and then what is found in "albums". It looks in both at
/// the same time.
async fn search(word: &str) -> Vec<String> {
    vec![find("photos", word).await, find("albums", word).await]
}

#[cfg(test)]
#[path = "../check.rs"]
mod check;
