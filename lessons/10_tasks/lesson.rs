//! 10 - Tasks: who owns a task, and who sees it fail?
//!
//! Drops, aborts or times out a task in seven ways, and shows which of them stop it,
//! what its handle reports, and when an aborted task is gone.
//!
//! Run it with `cargo run --example 10_tasks`, or give up at another time:
//! `cargo run --example 10_tasks -- --after 150`.

use std::io;
use std::net::SocketAddr;
use std::panic;
use std::time::Duration;

use anyhow::{Result, bail};
use tokio::net::TcpListener;
use tokio::sync::oneshot::{self, Sender};
use tokio::task::{JoinError, JoinHandle, JoinSet, spawn, yield_now};
use tokio::time::{Instant, sleep, timeout};
use tracing::{Instrument, info_span, instrument};

use async_workbook::{args, timeline};

const MS: Duration = Duration::from_millis(1);

// ANCHOR: work
type Done = Sender<()>;

/// Works for 100 ms, and then reports it. If this future is dropped before that, so
/// is `done`, and the receiver gets an error.
fn work(done: Done) -> impl Future<Output = ()> + Send {
    #[instrument(skip_all, ret)]
    async fn work(done: Done) {
        sleep(100 * MS).await;
        let _ = done.send(());
    }
    work(done).in_current_span()
}
// ANCHOR_END: work

// ANCHOR: timeout
/// The timeout owns the future.
async fn timeout_of_future(after: Duration, done: Done) {
    let _ = timeout(after, work(done)).await;
}

/// The timeout owns only the handle.
async fn timeout_of_handle(after: Duration, done: Done) {
    let _ = timeout(after, spawn(work(done))).await;
}
// ANCHOR_END: timeout

// ANCHOR: handle
async fn handle_dropped(after: Duration, done: Done) {
    let handle = spawn(work(done));
    sleep(after).await;
    drop(handle);
}

async fn handle_aborted(after: Duration, done: Done) {
    let handle = spawn(work(done));
    sleep(after).await;
    handle.abort();
}
// ANCHOR_END: handle

// ANCHOR: set
async fn set_dropped(after: Duration, done: Done) {
    let mut tasks = JoinSet::new();
    tasks.spawn(work(done));
    sleep(after).await;
    drop(tasks);
}
// ANCHOR_END: set

// ANCHOR: child
// ANCHOR: child_spawned
/// A task has no parent: the runtime owns both tasks.
async fn child_spawned(after: Duration, done: Done) {
    let work = work(done);
    let parent = spawn(async { spawn(work).await });
    sleep(after).await;
    parent.abort();
}
// ANCHOR_END: child_spawned

/// The parent owns the set, and the set owns the child.
async fn child_in_set(after: Duration, done: Done) {
    let mut tasks = JoinSet::new();
    tasks.spawn(work(done));
    let parent = async move { tasks.join_next().await };
    let parent = spawn(parent);
    sleep(after).await;
    parent.abort();
}
// ANCHOR_END: child

/// Prints whether the work finished or was dropped, and after how long.
async fn row(
    what: &'static str,
    after: Duration,
    owner: impl AsyncFnOnce(Duration, Done),
) {
    let (done, finished) = oneshot::channel();
    let start = Instant::now();
    let end = async {
        let outcome = if finished.await.is_ok() { "finished" } else { "dropped" };
        (outcome, start.elapsed().as_millis())
    };
    let both = async { tokio::join!(biased; owner(after, done), end) };
    let both = both.instrument(info_span!("", message = what));
    let ((), (outcome, millis)) = both.await;
    println!("  {what:<24}  {outcome:<8}  {millis:>3} ms");
}

// ANCHOR: describe
/// Describes what an awaited handle returned: did the task reach its end, and did
/// its work succeed?
fn describe(result: Result<Result<u32>, JoinError>) -> String {
    match result {
        Ok(Ok(value)) => format!("Ok(Ok({value}))"),
        Ok(Err(error)) => format!("Ok(Err({error}))"),
        Err(error) if error.is_panic() => "Err, is_panic".to_owned(),
        Err(error) => format!("Err, is_cancelled: {}", error.is_cancelled()),
    }
}
// ANCHOR_END: describe

async fn succeeds() -> Result<u32> {
    sleep(10 * MS).await;
    Ok(7)
}

async fn fails() -> Result<u32> {
    bail!("no such invoice")
}

async fn panics() -> Result<u32> {
    panic!("no invoices")
}

// ANCHOR: order
/// Returns the names of three tasks in the order in which they finish.
async fn as_they_finish() -> Result<Vec<&'static str>> {
    let mut tasks = JoinSet::new();
    for (name, time) in [("a", 90), ("b", 30), ("c", 60)] {
        let task = async move {
            sleep(time * MS).await;
            name
        };
        tasks.spawn(task.instrument(info_span!("", message = name)));
    }
    let mut names = Vec::new();
    while let Some(result) = tasks.join_next().await {
        names.push(result?);
    }
    Ok(names)
}
// ANCHOR_END: order

// ANCHOR: serve
type Server = JoinHandle<io::Result<()>>;

/// Starts a server that accepts connections until it is aborted.
async fn start() -> io::Result<(Server, SocketAddr)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let serve = async move {
        loop {
            listener.accept().await?;
        }
    };
    Ok((spawn(serve), address))
}
// ANCHOR_END: serve

// ANCHOR: at_once
/// Starts the next server as soon as `abort` returns.
async fn restart_at_once() -> io::Result<TcpListener> {
    let (server, address) = start().await?;
    server.abort();
    TcpListener::bind(address).await
}
// ANCHOR_END: at_once

// ANCHOR: awaited
/// Starts the next server when the first one is gone.
async fn restart_awaited() -> io::Result<TcpListener> {
    let (server, address) = start().await?;
    server.abort();
    let _ = server.await;
    TcpListener::bind(address).await
}
// ANCHOR_END: awaited

/// Prints a line when the task that owns it is dropped.
struct PrintOnDrop;

impl Drop for PrintOnDrop {
    fn drop(&mut self) {
        println!("\nmain has returned: the last task is dropped");
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let after = args::number("--after MS", 50, 1..=1000, "milliseconds")? * MS;
    let timeline = timeline::start().await;

    println!("100 ms of work, given up after {} ms", after.as_millis());
    row("timeout(future)", after, timeout_of_future).await;
    row("timeout(handle)", after, timeout_of_handle).await;
    row("drop(handle)", after, handle_dropped).await;
    row("handle.abort()", after, handle_aborted).await;
    row("drop(JoinSet)", after, set_dropped).await;
    row("parent.abort(), spawned", after, child_spawned).await;
    row("parent.abort(), JoinSet", after, child_in_set).await;

    println!("\nwhat an awaited handle returns");
    println!("  success  {}", describe(spawn(succeeds()).await));
    println!("  failure  {}", describe(spawn(fails()).await));
    // This panic is expected: do not print its message as well.
    panic::set_hook(Box::new(|_| {}));
    println!("  panic    {}", describe(spawn(panics()).await));
    let _ = panic::take_hook(); // restores the default hook
    let aborted = spawn(succeeds());
    aborted.abort();
    println!("  abort    {}", describe(aborted.await));

    println!("\na takes 90 ms, b 30 ms, c 60 ms");
    let names = as_they_finish().instrument(info_span!("JoinSet")).await?;
    println!("  join_next: {}", names.join(", "));

    println!("\na server is aborted and started again");
    let outcome = |started: io::Result<TcpListener>| match started {
        Ok(_) => "listening".to_owned(),
        Err(error) => error.kind().to_string(),
    };
    println!("  at once:       {}", outcome(restart_at_once().await));
    println!("  after its end: {}\n", outcome(restart_awaited().await));

    let line = PrintOnDrop;
    spawn(async {
        let _line = line;
        sleep(3_600_000 * MS).await;
    });
    yield_now().await; // starts the task

    timeline.print();
    Ok(())
}
