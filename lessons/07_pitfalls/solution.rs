//! 07 - solution: fix the slow service.

mod service;

use std::fmt::Debug;

use anyhow::Result;
use futures::future::join_all;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout};
use tracing::instrument;

use service::{Book, MS, find, load, mail, save, shrink};

/// Loads all photos at the same time, none more often than it is in the list, and
/// returns them in the order of `photos`.
async fn album(photos: &[u32]) -> Vec<String> {
    join_all(photos.iter().map(|&photo| load(photo))).await
}

/// Returns a smaller version of a photo, while other futures run on this thread.
async fn thumbnail(photo: String) -> Result<String> {
    Ok(spawn_blocking(move || shrink(&photo)).await?)
}

/// Signs the book and returns the visitor's number, starting with 1. Every third
/// visitor saves the book and waits for that, while others can sign and save it.
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

/// Mails all friends at the same time. Returns when every mail was sent or has
/// failed, with an error if any failed.
async fn invite(friends: &[&str]) -> Result<()> {
    let mails = friends.iter().map(|&friend| mail(friend.to_owned()));
    join_all(mails).await.into_iter().collect()
}

/// Searches "photos" and "albums" at the same time, and returns both results in that
/// order.
async fn search(word: &str) -> Vec<String> {
    let (photos, albums) = tokio::join!(find("photos", word), find("albums", word));
    vec![photos, albums]
}

/// Prints the result of `work` and its duration. Gives up after a second.
async fn show(what: &str, work: impl Future<Output: Debug>) {
    let start = Instant::now();
    match timeout(1000 * MS, work).await {
        Ok(answer) => {
            let took = start.elapsed().as_millis();
            println!("{what:<14} {took:>4} ms  {answer:?}");
        }
        Err(_elapsed) => println!("{what:<14} still waiting after a second"),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    show("album", album(&[30, 10, 20])).await;
    let thumbnails =
        async { tokio::join!(thumbnail("cat".into()), thumbnail("dog".into())) };
    show("two thumbnails", thumbnails).await;
    let book = Mutex::default();
    for visitor in 1..=3 {
        show(&format!("visitor {visitor}"), sign(&book)).await;
    }
    let invited = async {
        invite(&["ada@example.org", "nobody"])
            .await
            .map_err(|error| error.to_string())
    };
    show("invite", invited).await;
    show("search", search("boat")).await;
}

#[cfg(test)]
mod check;
