//! Wrong: `?` asks each task whether it panicked, and not whether its work failed.

#[path = "../service.rs"]
mod service;

use anyhow::Result;
use futures::future::join_all;
use service::{Book, find, load, mail, save, shrink};
use tokio::sync::Mutex;
use tokio::task::{spawn, spawn_blocking};
use tracing::instrument;

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

/// Mails all friends at the same time. Returns when every mail is sent or has
/// failed: an error, if any has failed.
async fn invite(friends: &[&str]) -> Result<()> {
    let mails = friends.iter().map(|&friend| spawn(mail(friend.to_owned())));
    for sent in join_all(mails).await {
        let _ = sent?;
    }
    Ok(())
}

/// What is found in "photos", and then what is found in "albums". It looks in both
/// at the same time.
async fn search(word: &str) -> Vec<String> {
    let (photos, albums) = tokio::join!(find("photos", word), find("albums", word));
    vec![photos, albums]
}

#[cfg(test)]
#[path = "../check.rs"]
mod check;
