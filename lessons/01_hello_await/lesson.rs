//! 01 - Hello, await: when does an async fn run?
//!
//! A numbered trace shows what runs when a future is created, when it is awaited,
//! and when it is dropped instead.
//!
//! Run it with `cargo run --example 01_hello_await`.

use std::time::Duration;

use tokio::time::sleep;

// ANCHOR: greet
/// Returns a greeting after a short wait that stands in
/// for a request to a server.
async fn greet(name: &str) -> String {
    println!("3. greet({name}) begins");
    sleep(Duration::from_millis(100)).await;
    println!("4. greet({name}) has waited 100 ms");
    format!("Hello, {name}!")
}
// ANCHOR_END: greet

// ANCHOR: main
#[tokio::main(flavor = "current_thread")]
async fn main() {
    println!("1. main begins");
    let future = greet("Ada");
    println!("2. the future is made, but nothing has run");
    let greeting = future.await;
    println!("5. the await returned: {greeting}");

    // ANCHOR: dropped
    let never_awaited = greet("Bob");
    drop(never_awaited);
    println!("6. Bob's future is dropped: it never ran");
    // ANCHOR_END: dropped
}
// ANCHOR_END: main
