//! 12 - Cancellation: what happens to a future I drop?
//!
//! Drops a transfer between its two halves, an axum handler whose client
//! disconnects, and a cleanup that has to await; shows what protects each of them.
//!
//! Run it with `cargo run --example 12_cancellation`, or drop at another time:
//! `cargo run --example 12_cancellation -- --after 150`.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, MutexGuard, oneshot};
use tokio::task::spawn;
use tokio::time::{sleep, timeout};
use tracing::{Instrument, info_span, instrument};

use async_workbook::{args, timeline};

const MS: Duration = Duration::from_millis(1);

// ANCHOR: order
/// Prints its name when it is dropped.
struct Held(&'static str);

impl Drop for Held {
    fn drop(&mut self) {
        print!("  {}", self.0);
    }
}

async fn step() {
    let _step = Held("step");
    pending::<()>().await; // never done
}

async fn work(_argument: Held) {
    let _file = Held("file");
    let _lock = Held("lock");
    step().await;
    print!("  the end");
}
// ANCHOR_END: order

// ANCHOR: accounts
/// Two accounts. Before and after each transfer, the sum is 100.
struct Accounts {
    from: i64,
    to: i64,
}

type Shared = Arc<Mutex<Accounts>>;

impl Accounts {
    #[instrument(skip_all, ret)]
    fn take(&mut self) {
        self.from -= 10;
    }

    #[instrument(skip_all, ret)]
    fn put_back(&mut self) {
        self.from += 10;
    }

    #[instrument(skip_all, ret)]
    fn give(&mut self) {
        self.to += 10;
    }
}

/// Stands for a request to another service.
#[instrument(ret)]
async fn confirm() {
    sleep(100 * MS).await;
}
// ANCHOR_END: accounts

// ANCHOR: locked
/// No other task can come between the two halves. A drop
/// can.
async fn under_a_lock(accounts: Shared) {
    let mut accounts = accounts.lock().await;
    accounts.take();
    confirm().await;
    accounts.give();
}
// ANCHOR_END: locked

// ANCHOR: undone
/// Puts the money back when it is dropped, unless it was
/// given away.
struct Taken<'a> {
    accounts: MutexGuard<'a, Accounts>,
    given: bool,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if !self.given {
            self.accounts.put_back();
        }
    }
}

async fn undone_by_drop(accounts: Shared) {
    let mut accounts = accounts.lock().await;
    accounts.take();
    let mut taken = Taken { accounts, given: false };
    confirm().await;
    taken.accounts.give();
    taken.given = true;
}
// ANCHOR_END: undone

// ANCHOR: first
/// There is no await between the two halves.
async fn confirmed_first(accounts: Shared) {
    confirm().await;
    let mut accounts = accounts.lock().await;
    accounts.take();
    accounts.give();
}
// ANCHOR_END: first

// ANCHOR: spawned
/// The caller drops only a handle. The task runs on.
async fn spawned(accounts: Shared) {
    let task = under_a_lock(accounts).in_current_span();
    let _ = spawn(task).await;
}
// ANCHOR_END: spawned

/// Drops a transfer after a while, and prints the accounts when all is quiet again.
async fn row(
    what: &'static str,
    after: Duration,
    transfer: impl AsyncFnOnce(Shared),
) {
    let accounts = Arc::new(Mutex::new(Accounts { from: 100, to: 0 }));
    let transfer = transfer(Arc::clone(&accounts));
    let dropped = timeout(after, transfer);
    let _ = dropped.instrument(info_span!("", message = what)).await;
    sleep(200 * MS).await;
    // Free, and not poisoned: tokio's mutex does not know that anything is wrong.
    let Accounts { from, to } = *accounts.lock().await;
    println!("  {what:<16} {from:>4} + {to:>2} = {:>3}", from + to);
}

// ANCHOR: handler
/// Counts the orders of a shop.
#[derive(Default)]
struct Orders {
    started: AtomicU32,
    saved: AtomicU32,
}

#[instrument(skip_all, ret)]
async fn save(orders: Arc<Orders>) {
    orders.started.fetch_add(1, SeqCst);
    sleep(100 * MS).await;
    orders.saved.fetch_add(1, SeqCst);
}

#[instrument(skip_all, ret)]
async fn handler(State(orders): State<Arc<Orders>>) {
    save(orders).await;
}

#[instrument(name = "handler that spawns", skip_all, ret)]
async fn handler_that_spawns(State(orders): State<Arc<Orders>>) -> StatusCode {
    match spawn(save(orders).in_current_span()).await {
        Ok(()) => StatusCode::OK,
        Err(_panic) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
// ANCHOR_END: handler

// ANCHOR: disconnect
/// Sends a request, and disconnects after a while.
async fn disconnect(path: &str, after: Duration) -> Result<Arc<Orders>> {
    let orders = Arc::<Orders>::default();
    let app = Router::new()
        .route("/plain", post(handler))
        .route("/spawns", post(handler_that_spawns))
        .with_state(Arc::clone(&orders));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let mut client = TcpStream::connect(listener.local_addr()?).await?;
    let server = spawn(async move { axum::serve(listener, app).await });

    let request = format!("POST {path} HTTP/1.1\r\nHost: shop.example\r\n\r\n");
    client.write_all(request.as_bytes()).await?;
    sleep(after).await;
    drop(client);
    sleep(200 * MS).await;
    server.abort();
    Ok(orders)
}
// ANCHOR_END: disconnect

// ANCHOR: file
/// A temporary file. Deleting it takes 10 ms, and an await.
#[derive(Clone, Default)]
struct TempFile {
    deleted: Arc<AtomicU32>,
}

impl TempFile {
    async fn delete(self) {
        sleep(10 * MS).await;
        self.deleted.fetch_add(1, SeqCst);
    }
}

async fn deleted_after_the_work(file: TempFile) {
    sleep(100 * MS).await;
    file.delete().await;
}
// ANCHOR_END: file

// ANCHOR: by_task
struct DeleteOnDrop(TempFile);

impl Drop for DeleteOnDrop {
    fn drop(&mut self) {
        spawn(self.0.clone().delete());
    }
}

async fn deleted_by_a_task(file: TempFile) {
    let _file = DeleteOnDrop(file);
    sleep(100 * MS).await;
}
// ANCHOR_END: by_task

// ANCHOR: request
type Stop = oneshot::Receiver<()>;

/// Works until it is done, or until the sender is gone.
async fn deleted_on_request(file: TempFile, stop: Stop) {
    tokio::select! {
        biased;
        _ = stop => {}
        () = sleep(100 * MS) => {}
    }
    file.delete().await;
}
// ANCHOR_END: request

/// Runs some work that ends, or is given up, and prints how many files were deleted
/// then, and 50 ms later.
async fn files(what: &str, work: impl AsyncFnOnce(TempFile)) {
    let file = TempFile::default();
    let deleted = Arc::clone(&file.deleted);
    work(file).await;
    let then = deleted.load(SeqCst);
    sleep(50 * MS).await;
    println!("  {what:<18} {then}, and later {}", deleted.load(SeqCst));
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let after = args::number("--after MS", 50, 1..=1000, "milliseconds")? * MS;
    let timeline = timeline::start().await;
    let millis = after.as_millis();

    println!("what is dropped, in this order");
    print!("  at an await:");
    let _ = timeout(after, work(Held("argument"))).await;
    print!("\n  before the first poll:");
    drop(work(Held("argument")));

    println!("\n\na transfer of 10, dropped after {millis} ms");
    row("under a lock", after, under_a_lock).await;
    row("confirmed first", after, confirmed_first).await;
    row("undone by Drop", after, undone_by_drop).await;
    row("spawned", after, spawned).await;

    println!("\na client that disconnects after {millis} ms");
    for (what, path) in [("handler", "/plain"), ("that spawns", "/spawns")] {
        let orders = disconnect(path, after).await?;
        let Orders { started, saved } = &*orders;
        let (started, saved) = (started.load(SeqCst), saved.load(SeqCst));
        println!("  {what:<12} started {started}, saved {saved}");
    }

    println!("\nfiles deleted, of 1, if the work ends after {millis} ms");
    let given_up = async |file| {
        let _ = timeout(after, deleted_after_the_work(file)).await;
    };
    files("after the work", given_up).await;
    let given_up = async |file| {
        let _ = timeout(after, deleted_by_a_task(file)).await;
    };
    files("spawned by Drop", given_up).await;
    let requested = async |file| {
        let (stop, stopped) = oneshot::channel();
        let task = spawn(deleted_on_request(file, stopped));
        sleep(after).await;
        drop(stop);
        let _ = task.await;
    };
    files("on request", requested).await;
    println!();

    timeline.print();
    Ok(())
}
