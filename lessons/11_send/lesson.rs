//! 11 - Send: why will this future not spawn?
//!
//! Six futures that `spawn` refused, repaired. Each runs in several tasks at once,
//! and prints how long they take, and how many copies of the data they make.
//!
//! Run it with `cargo run --example 11_send`, or with another number of tasks:
//! `cargo run --example 11_send -- --tasks 10`.

use std::error::Error;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Result;
use axum::extract::Request;
use axum::handler::Handler;
use futures::stream::{self, StreamExt};
use tokio::sync::Mutex as TokioMutex;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tracing::{Instrument, info_span, instrument};

use async_workbook::{args, timeline};

const MS: Duration = Duration::from_millis(1);

/// Stands in for a query or a request.
async fn save<T: ?Sized>(_what: &T) {
    sleep(100 * MS).await;
}

// `lock` fails only if a thread panicked while it held the lock. Here none does.
// ANCHOR: guard
static SOLD: Mutex<u32> = Mutex::new(0);

#[instrument(ret)]
async fn sell() {
    let number = {
        let mut sold = SOLD.lock().unwrap();
        *sold += 1;
        *sold
    };
    save(&number).await;
}
// ANCHOR_END: guard

// ANCHOR: tokio_guard
static LOCKED: TokioMutex<u32> = TokioMutex::const_new(0);

#[instrument(ret)]
async fn sell_locked() {
    let mut sold = LOCKED.lock().await;
    *sold += 1;
    let number = *sold;
    save(&number).await;
}
// ANCHOR_END: tokio_guard

// ANCHOR: matched
static PRICES: Mutex<Vec<u32>> = Mutex::new(Vec::new());

async fn order(item: usize) {
    let price = PRICES.lock().unwrap().get(item).copied();
    match price {
        Some(price) => save(&price).await,
        None => println!("no item {item}"),
    }
}
// ANCHOR_END: matched

static COPIES: AtomicUsize = AtomicUsize::new(0);

/// Text of which each copy is counted.
struct Text(&'static str);

impl Clone for Text {
    fn clone(&self) -> Self {
        COPIES.fetch_add(1, SeqCst);
        Self(self.0)
    }
}

// ANCHOR: shared
async fn send(list: Arc<Text>) {
    save(list.0).await;
}

async fn send_copy(list: Text) {
    save(list.0).await;
}
// ANCHOR_END: shared

// ANCHOR: error
fn parse(text: &str) -> Result<u32, Box<dyn Error + Send + Sync>> {
    Ok(text.parse()?)
}

async fn order_text(text: &str) {
    match parse(text) {
        Ok(number) => save(&number).await,
        Err(error) => println!("{text}: {error}"),
    }
}
// ANCHOR_END: error

// ANCHOR: stream
/// Saves pages, two at a time.
async fn save_all(pages: Vec<Text>) {
    let saves = stream::iter(pages).map(|page| async move { save(page.0).await });
    saves.buffer_unordered(2).collect::<Vec<_>>().await;
}
// ANCHOR_END: stream

// ANCHOR: handler
async fn title() -> String {
    let title = {
        let page = Page::parse("Prices");
        page.title.to_string()
    };
    save(&title).await;
    title
}
// ANCHOR_END: handler

/// Like the pages of many parsers, not `Send`.
struct Page {
    title: Rc<str>,
}

impl Page {
    fn parse(text: &str) -> Self {
        Self { title: text.into() }
    }
}

/// Does what axum does for a request.
async fn request() {
    let _response = title.call(Request::default(), ()).await;
}

/// Spawns `work` in several tasks, and prints how long all of them take, and how
/// many copies they have made.
async fn row<F>(what: &str, tasks: usize, mut work: impl FnMut() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let (start, before) = (Instant::now(), COPIES.load(SeqCst));
    let mut set = JoinSet::new();
    for _ in 0..tasks {
        set.spawn(work().in_current_span());
    }
    set.join_all().await;
    let copies = COPIES.load(SeqCst) - before;
    let millis = start.elapsed().as_millis();
    println!("  {what:<22} {millis:>6} ms  {copies:>4} copies");
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let tasks = args::number("--tasks N", 4, 1..=100, "tasks")?;
    let timeline = timeline::start().await;
    PRICES.lock().unwrap().extend([3, 5, 8]);
    let pages = || vec![Text("a"), Text("b"), Text("c"), Text("d")];

    println!("{tasks} tasks at once, which wait for 100 ms each");
    println!("\n1 a guard");
    let all = row("ends in a block", tasks, sell);
    all.instrument(info_span!("ends in a block")).await;
    let all = row("tokio's Mutex", tasks, sell_locked);
    all.instrument(info_span!("tokio's Mutex")).await;

    println!("\n2 a guard without a name");
    row("ends with its `let`", tasks, || order(2)).await;

    println!("\n3 Rc");
    let list = Arc::new(Text("tea 8"));
    row("Arc", tasks, || send(Arc::clone(&list))).await;
    row("a copy each", tasks, || send_copy(Text::clone(&list))).await;

    println!("\n4 Box<dyn Error>");
    row("+ Send + Sync", tasks, || order_text("7")).await;

    println!("\n5 a stream of 4 pages, 2 at a time");
    row("owns its items", tasks, || save_all(pages())).await;
    let kept = pages();
    row("owns copies", tasks, || save_all(kept.clone())).await;

    println!("\n6 an axum handler");
    row("keeps only the title", tasks, request).await;
    println!();

    timeline.print();
    Ok(())
}
