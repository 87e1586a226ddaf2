//! 11 - solution: six futures that spawn.

mod service;

use std::sync::{Arc, Mutex};

use anyhow::Result;
use futures::future::join_all;
use futures::stream::{self, StreamExt};
use tokio::task;
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
    let number = {
        let mut addresses = list.addresses.lock().unwrap();
        addresses.push(address);
        addresses.len()
    };
    service::welcome(number).await;
    number
}

/// Sends a mail to subscriber 1, 2, 3 ... Returns false if there is no such
/// subscriber. This may copy one address.
async fn remind(list: Arc<List>, number: usize) -> bool {
    let index = number.wrapping_sub(1);
    let address = list.addresses.lock().unwrap().get(index).cloned();
    match address {
        Some(address) => {
            service::send(&address).await;
            true
        }
        None => false,
    }
}

/// Uploads an issue to all hosts at the same time, and twice to a host listed twice.
async fn publish(issue: Text, hosts: Vec<String>) {
    join_all(hosts.iter().map(|host| service::upload(host, &issue))).await;
}

/// Books the seat whose number is in the text. Otherwise it reports the error, and
/// returns false.
async fn reserve(text: String) -> bool {
    let parsed = service::parse(&text).map_err(|error| error.to_string());
    match parsed {
        Ok(seat) => {
            service::book(seat).await;
            true
        }
        Err(error) => {
            service::report(&error).await;
            false
        }
    }
}

/// Fetches pages, four at a time, and returns their sizes in the order of the URLs.
/// The next fetch starts as soon as one ends, not in batches. (`buffered(4)`, which
/// may wait for an earlier one, is right, too.) Each call has its own four.
async fn fetch_all(urls: Vec<Text>) -> Vec<usize> {
    let fetches =
        stream::iter(urls).map(|url| async move { service::fetch(&url).await });
    fetches.buffered(4).collect().await
}

/// Fetches all pages that a page links to, at the same time. Returns its title and
/// the sum of their sizes, as in `News: 120`.
async fn index(html: String) -> String {
    let (title, links) = {
        let page = Page::parse(&html);
        (page.title.to_string(), page.links())
    };
    let sizes = join_all(links.iter().map(|link| service::fetch(link))).await;
    format!("{title}: {}", sizes.iter().sum::<usize>())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let list = Arc::new(List::default());
    let urls = ["/a", "/b", "/c", "/d", "/e"].map(Text::new);
    let hosts = ["eu", "us"].map(str::to_owned);

    let start = Instant::now();
    let outputs = tokio::try_join!(
        task::spawn(subscribe(Arc::clone(&list), Text::new("ada@localhost"))),
        task::spawn(remind(Arc::clone(&list), 1)),
        task::spawn(publish(Text::new("May"), hosts.into())),
        task::spawn(reserve("7a".to_owned())),
        task::spawn(fetch_all(urls.into())),
        task::spawn(index("News /a /b".to_owned())),
    )?;
    println!("after {} ms: {outputs:?}", start.elapsed().as_millis());
    Ok(())
}

#[cfg(test)]
mod check;
