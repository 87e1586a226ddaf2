//! The HTTP server of the `pages` benchmark, which runs in its own process.

use std::collections::HashMap;
use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use tokio::net::TcpSocket;
use tokio::sync::Barrier;

use crate::sample;

/// The body of a page: 1,000 bytes, like the pages of lesson 03.
const PAGE: &str = {
    const BYTES: [u8; 1000] = {
        let mut bytes = [b'.'; 1000];
        let begin = b"This is a page.\n";
        let mut at = 0;
        while at < begin.len() {
            bytes[at] = begin[at];
            at += 1;
        }
        bytes
    };
    match str::from_utf8(&BYTES) {
        Ok(page) => page,
        Err(_) => "",
    }
};

/// The length of the accept queue. It holds a burst of connections, which would be
/// dropped and retried a second later otherwise.
const BACKLOG: u32 = 4096;

/// Barriers of `/open/{n}`, by the number of requests they wait for.
#[derive(Clone, Default)]
struct Barriers(Arc<Mutex<HashMap<usize, Arc<Barrier>>>>);

/// Serves until stdin is closed, which happens when the parent process dies.
///
/// | route | response |
/// |---|---|
/// | `/page/{ms}` | a page, after a delay |
/// | `/open/{n}` | a page, once `n` requests are open: makes a client open `n` connections |
/// | `/cpu` | the CPU time of this process in milliseconds, or `-` |
pub fn main() -> Result<()> {
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(serve())
}

async fn serve() -> Result<()> {
    let could_not_listen = "could not listen on 127.0.0.1";
    let socket = TcpSocket::new_v4().context(could_not_listen)?;
    socket
        .bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
        .context(could_not_listen)?;
    let listener = socket.listen(BACKLOG).context(could_not_listen)?;
    println!("http://{}", listener.local_addr().context(could_not_listen)?);
    let cpu =
        || async { sample::cpu().map_or("-".to_owned(), |cpu| cpu.to_string()) };
    let app = Router::new()
        .route("/page/{ms}", get(page))
        .route("/open/{n}", get(open))
        .route("/cpu", get(cpu))
        .with_state(Barriers::default());
    axum::serve(listener, app).await.context("the web server failed")
}

async fn page(Path(ms): Path<u64>) -> &'static str {
    if ms > 0 {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
    PAGE
}

async fn open(
    State(barriers): State<Barriers>,
    Path(n): Path<usize>,
) -> &'static str {
    let barrier = {
        let mut barriers = barriers.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(barriers.entry(n).or_insert_with(|| Arc::new(Barrier::new(n))))
    };
    barrier.wait().await;
    PAGE
}
