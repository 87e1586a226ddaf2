//! 11 - exercise: six futures that spawn.
//!
//! Change the six functions so that `spawn` accepts their futures, and so that
//!
//! - no call waits for another one;
//! - no `Text` is copied, except for one address in `remind`;
//! - nothing is parsed twice;
//! - what is listed twice is used twice: no duplicates removed, nothing cached;
//! - each call awaits all that it starts, without a time limit.
//!
//! In `main`, replace `task::spawn_local` with `task::spawn`, one after the other,
//! to see the compiler's messages. Check it with `cargo workbook check 11`; run it
//! with `cargo workbook run 11 --exercise`.

mod service;

use std::rc::Rc;
use std::sync::{Arc, Mutex};

use anyhow::Result;
use futures::future::join_all;
use futures::stream::{self, StreamExt};
use tokio::task::{self, LocalSet};
use tokio::time::Instant;

use service::{Page, Text};

/// The subscribers of a magazine. Nothing panics while it holds the lock, so `lock`
/// does not fail.
#[derive(Default)]
struct List {
    addresses: Mutex<Vec<Text>>,
}

/// Adds an address to the list and welcomes the subscriber, whose number it returns.
async fn subscribe(list: Arc<List>, address: Text) -> usize {
    let mut addresses = list.addresses.lock().unwrap();
    addresses.push(address);
    let number = addresses.len();
    drop(addresses);
    service::welcome(number).await;
    number
}

/// Sends a mail to subscriber 1, 2, 3 ... Returns false if there is no such
/// subscriber. This may copy one address.
async fn remind(list: Arc<List>, number: usize) -> bool {
    match list.addresses.lock().unwrap().get(number.wrapping_sub(1)) {
        Some(address) => {
            service::send(address).await;
            true
        }
        None => false,
    }
}

/// Uploads an issue to all hosts at the same time, and twice to a host listed twice.
async fn publish(issue: Text, hosts: Vec<String>) {
    let issue = Rc::new(issue);
    let uploads = hosts.into_iter().map(|host| {
        let issue = Rc::clone(&issue);
        async move { service::upload(&host, &issue).await }
    });
    join_all(uploads).await;
}

/// Books the seat whose number is in the text. Otherwise it reports the error, and
/// returns false.
async fn reserve(text: String) -> bool {
    match service::parse(&text) {
        Ok(seat) => {
            service::book(seat).await;
            true
        }
        Err(error) => {
            service::report(&error.to_string()).await;
            false
        }
    }
}

/// Fetches pages, four at a time, and returns their sizes in the order of the URLs.
/// The next fetch starts as soon as one ends, not in batches. (`buffered(4)`, which
/// may wait for an earlier one, is right, too.) Each call has its own four.
async fn fetch_all(urls: Vec<Text>) -> Vec<usize> {
    let fetches = stream::iter(&urls).map(|url| service::fetch(url));
    fetches.buffered(4).collect().await
}

/// Fetches all pages that a page links to, at the same time. Returns its title and
/// the sum of their sizes, as in `News: 120`.
async fn index(html: String) -> String {
    let page = Page::parse(&html);
    let links = page.links();
    let sizes = join_all(links.iter().map(|link| service::fetch(link))).await;
    format!("{}: {}", page.title, sizes.iter().sum::<usize>())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let list = Arc::new(List::default());
    let urls = ["/a", "/b", "/c", "/d", "/e"].map(Text::new);
    let hosts = ["eu", "us"].map(str::to_owned);

    let start = Instant::now();
    // A `LocalSet` keeps its tasks on one thread: they need not be `Send`.
    let all = async {
        tokio::try_join!(
            task::spawn_local(subscribe(
                Arc::clone(&list),
                Text::new("ada@localhost")
            )),
            task::spawn_local(remind(Arc::clone(&list), 1)),
            task::spawn_local(publish(Text::new("May"), hosts.into())),
            task::spawn_local(reserve("7a".to_owned())),
            task::spawn_local(fetch_all(urls.into())),
            task::spawn_local(index("News /a /b".to_owned())),
        )
    };
    let outputs = LocalSet::new().run_until(all).await?;
    println!("after {} ms: {outputs:?}", start.elapsed().as_millis());
    Ok(())
}

#[cfg(test)]
mod check;
