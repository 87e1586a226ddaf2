//! 09 - exercise: a synchronous function over an async client.
//!
//! It works, but each call starts a runtime and opens a connection. Check it with
//! `cargo workbook check 09`; run it with `cargo workbook run 09 --exercise`.

mod client;

use std::thread;

use anyhow::Result;
use tokio::runtime::Runtime;

use async_workbook::web;
use client::{Client, log};

/// Returns the title of a page, or the error of `Client::title`, with its type.
/// Synchronous code calls it: it blocks its thread until the result is there.
///
/// - It works on `main`'s thread, on any other thread, and in `spawn_blocking`.
/// - All calls share one runtime and one client, and so its connections, also if the
///   first calls run at the same time, and after a call that failed. The runtime is
///   not the caller's, which may end before the next call.
/// - Any number of calls run at the same time, also for the same page. While they
///   wait, all threads sleep until a response arrives: none wakes up in between.
/// - Each call asks the server once. After a call that failed, the next one works.
#[tokio::main]
async fn fetch_title(url: &str) -> Result<String> {
    Client::new().title(url).await
}

fn main() -> Result<()> {
    // The runtime of the web server. It stands for that of your caller.
    let runtime = Runtime::new()?;
    let server = runtime.block_on(web::Server::start())?;
    let urls = [1, 2, 3].map(|page| server.url(&format!("/page/{page}")));

    let [first, second, third] = urls;
    println!("main:           {}", fetch_title(&first)?);
    let title = thread::spawn(move || fetch_title(&second));
    let title = title.join().expect("the thread does not panic")?;
    println!("thread:         {title}");
    let title = runtime.spawn_blocking(move || fetch_title(&third));
    println!("spawn_blocking: {}", runtime.block_on(title)??);

    let (clients, runtimes) = log::with(|log| (log.clients, log.runtimes.len()));
    println!("\nruntimes: {runtimes}, clients: {clients}");
    println!("connections: {}", server.connections());
    Ok(())
}

#[cfg(test)]
mod check;
