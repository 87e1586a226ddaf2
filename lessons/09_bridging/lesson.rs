//! 09 - Bridging: how do I call async code from sync code, and back?
//!
//! Calls async code from sync code in eleven ways, each of which returns a value,
//! panics or hangs. Then compares a runtime for each call with a shared one, and a
//! worker that awaits each job with one that spawns it.
//!
//! Run it with `cargo run --example 09_bridging`, or give the runtimes more threads:
//! `cargo run --example 09_bridging -- --threads 2`.

use std::any::Any;
use std::future::poll_fn;
use std::net::TcpListener;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;
use std::{io, thread};

use anyhow::Result;
use futures::executor;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{block_in_place, spawn, spawn_blocking};
use tokio::time::{Instant, sleep};
use tracing::{Instrument, info_span};

use async_workbook::{args, timeline};

const MS: Duration = Duration::from_millis(1);
const TICK: Duration = Duration::from_millis(200);

static POLLS: AtomicUsize = AtomicUsize::new(0);

/// Counts how often a future is polled.
async fn counting_polls<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    poll_fn(|context| {
        POLLS.fetch_add(1, SeqCst);
        future.as_mut().poll(context)
    })
    .await
}

// ANCHOR: lookup
/// Async code: takes 10 ms, and counts its polls.
async fn lookup() -> u32 {
    counting_polls(sleep(10 * MS)).await;
    42
}

/// Builds a runtime with one thread, the caller's, or with
/// several threads of its own.
fn runtime(threads: usize) -> io::Result<Runtime> {
    let mut builder = match threads {
        1 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    builder.worker_threads(threads).enable_all().build()
}
// ANCHOR_END: lookup

type Code = fn(&Runtime) -> Result<u32>;
type InAsync = fn() -> Result<u32>;

// ANCHOR: thread
/// Code of a thread that is not in a runtime, like `main`.
const ON_A_THREAD: [(&str, Code); 4] = [
    ("runtime.block_on", |runtime| Ok(runtime.block_on(lookup()))),
    ("handle.block_on", |runtime| Ok(runtime.handle().block_on(lookup()))),
    ("spawn", |runtime| {
        let task = spawn(lookup());
        Ok(runtime.block_on(task)?)
    }),
    ("enter, then spawn", |runtime| {
        let _entered = runtime.enter();
        let task = spawn(lookup());
        Ok(runtime.block_on(task)?)
    }),
];
// ANCHOR_END: thread

// ANCHOR: async
/// Sync code that is called by async code.
const IN_ASYNC_CODE: [(&str, InAsync); 6] = [
    ("handle.block_on", || Ok(Handle::current().block_on(lookup()))),
    ("new runtime, block_on", || Ok(runtime(1)?.block_on(lookup()))),
    ("drop(runtime)", || {
        drop(runtime(1)?);
        Ok(42)
    }),
    ("executor::block_on", || Ok(executor::block_on(lookup()))),
    ("block_in_place, block_on", || {
        let call = || Handle::current().block_on(lookup());
        Ok(block_in_place(call))
    }),
    ("blocking_send", || {
        let (sender, _receiver) = mpsc::channel(1);
        Ok(sender.blocking_send(42).map(|()| 42)?)
    }),
];
// ANCHOR_END: async

// ANCHOR: outcome
/// The longest time that a call may take.
const LIMIT: Duration = Duration::from_millis(1000);

/// Runs `code` on a new thread, and describes how it ended. A message of a panic is
/// added to `panics`. A thread that hangs is left behind.
fn outcome(
    panics: &mut Vec<String>,
    code: impl FnOnce() -> Result<u32> + Send + 'static,
) -> String {
    POLLS.store(0, SeqCst);
    let (sender, ended) = std::sync::mpsc::channel();
    thread::spawn(move || sender.send(catch_unwind(AssertUnwindSafe(code))));
    match ended.recv_timeout(LIMIT) {
        Ok(Ok(Ok(value))) => value.to_string(),
        Ok(Ok(Err(error))) => format!("Err({error})"),
        Ok(Err(payload)) => {
            let message = message(&*payload);
            let known = panics.iter().position(|known| *known == message);
            let number = known.unwrap_or_else(|| {
                panics.push(message);
                panics.len() - 1
            });
            format!("panic {}", number + 1)
        }
        Err(_) => format!("HUNG, polls: {}", POLLS.load(SeqCst)),
    }
}
// ANCHOR_END: outcome

/// Returns the first sentence of a panic's message.
fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or(payload.downcast_ref::<String>().map(String::as_str));
    let text = text.unwrap_or_default();
    text.split(". ").next().unwrap_or_default().to_owned()
}

/// Prints the table of places and calls, and the messages of its panics.
fn places_and_calls(threads: usize) {
    let mut panics = Vec::new();
    let row = |call: &str, outcome: String| println!("  {call:<26}  {outcome}");

    println!("on a thread that is not in a runtime");
    for (call, code) in ON_A_THREAD {
        row(call, outcome(&mut panics, move || code(&runtime(threads)?)));
    }
    println!("\nin async code");
    for (call, code) in IN_ASYNC_CODE {
        let in_async = move || runtime(threads)?.block_on(async { code() });
        row(call, outcome(&mut panics, in_async));
    }
    // ANCHOR: spawn_blocking
    let in_spawn_blocking = move || {
        runtime(threads)?.block_on(async {
            let handle = Handle::current();
            let call = move || handle.block_on(lookup());
            Ok(spawn_blocking(call).await?)
        })
    };
    // ANCHOR_END: spawn_blocking
    println!("\nin spawn_blocking");
    row("handle.block_on", outcome(&mut panics, in_spawn_blocking));

    println!("\nthe panics, which are expected");
    for (number, message) in (1..).zip(panics) {
        println!("  {number}  {}", message.replace(", ", ",\n     "));
    }
}

static THREADS: AtomicUsize = AtomicUsize::new(0);

/// Builds a runtime with two threads, and counts them.
fn counting() -> io::Result<Runtime> {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2).enable_all();
    builder.on_thread_start(|| {
        THREADS.fetch_add(1, SeqCst);
    });
    builder.build()
}

// ANCHOR: each
fn runtime_for_each_call() -> io::Result<()> {
    for _ in 0..3 {
        counting()?.block_on(lookup());
    }
    Ok(())
}
// ANCHOR_END: each

// ANCHOR: shared
fn shared_runtime() -> io::Result<()> {
    let runtime = counting()?;
    for _ in 0..3 {
        runtime.block_on(lookup());
    }
    Ok(())
}
// ANCHOR_END: shared

// ANCHOR: connection
/// Opens a connection on one runtime, and uses it on
/// another when the first one is gone.
fn connection_without_its_runtime() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let connect = TcpStream::connect(listener.local_addr()?);
    let connection = runtime(1)?.block_on(connect)?;
    runtime(1)?.block_on(connection.readable())
}
// ANCHOR_END: connection

// ANCHOR: worker
/// A job: where its answer goes.
type Job = oneshot::Sender<u32>;

/// A synchronous call: sends a job to the worker, and
/// blocks this thread until the answer is there.
fn call(jobs: mpsc::Sender<Job>) -> Option<u32> {
    let (job, answer) = oneshot::channel();
    jobs.blocking_send(job).ok()?;
    answer.blocking_recv().ok()
}

async fn work(job: Job) {
    sleep(TICK).await;
    let _ = job.send(42);
}
// ANCHOR_END: worker

// ANCHOR: in_turn
/// Awaits each job before it receives the next one.
async fn in_turn(mut jobs: mpsc::Receiver<Job>) {
    for n in 1.. {
        let Some(job) = jobs.recv().await else { break };
        work(job).instrument(info_span!("job", n)).await;
    }
}
// ANCHOR_END: in_turn

// ANCHOR: spawning
/// Spawns each job, and receives the next one at once.
async fn spawning(mut jobs: mpsc::Receiver<Job>) {
    for n in 1.. {
        let Some(job) = jobs.recv().await else { break };
        spawn(work(job).instrument(info_span!("job", n)));
    }
}
// ANCHOR_END: spawning

// ANCHOR: callers
/// Prints how many of three threads that call at once get an answer, and when.
fn three_callers(
    runtime: &Runtime,
    what: &'static str,
    worker: impl AsyncFnOnce(mpsc::Receiver<Job>),
) {
    let start = Instant::now();
    let (sender, jobs) = mpsc::channel(3);
    let callers = [(); 3].map(|()| {
        let sender = sender.clone();
        thread::spawn(move || call(sender))
    });
    drop(sender);
    // Ends when each caller has its answer, and has dropped its sender.
    runtime.block_on(worker(jobs).instrument(info_span!("", message = what)));
    let answers = callers.into_iter().filter_map(|caller| caller.join().ok()?);
    let answers = answers.count();
    println!(
        "  {what:<18}  {answers} answers after {} ms",
        rounded(start.elapsed())
    );
}
// ANCHOR_END: callers

/// Rounds down to a multiple of 200 ms, with 25 ms of tolerance.
fn rounded(time: Duration) -> u128 {
    (time.as_millis() + 25) / 200 * 200
}

fn main() -> Result<()> {
    let threads = args::number("--threads N", 1, 1..=64, "threads")?;
    let main = Builder::new_current_thread().enable_all().build()?;
    // Blocking a thread takes real time. Rounding makes every run print the same.
    let timeline = main.block_on(async { timeline::start().await.rounded_to(TICK) });

    // The panics are expected: print their messages below the table only.
    panic::set_hook(Box::new(|_| {}));
    places_and_calls(threads);
    let _ = panic::take_hook(); // restores the default hook

    println!("\nthree calls, on runtimes with two threads");
    for (what, calls) in [
        ("a runtime each", runtime_for_each_call as fn() -> _),
        ("one runtime", shared_runtime),
    ] {
        THREADS.store(0, SeqCst);
        calls()?;
        println!("  {what:<14}  {} threads started", THREADS.load(SeqCst));
    }

    println!("\na connection whose runtime is gone");
    if let Err(error) = connection_without_its_runtime() {
        println!("  {error}");
    }

    println!("\nthree threads call at once, each job takes 200 ms");
    three_callers(&main, "awaits each job", in_turn);
    three_callers(&main, "spawns each job", spawning);
    println!();

    timeline.print();
    Ok(())
}
