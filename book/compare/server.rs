//! The web server that pages are fetched from: a process of its own.

use crate::measure;
use anyhow::{Context, Result};
use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use std::collections::HashMap;
use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpSocket;
use tokio::sync::Barrier;

/// A page, as in lesson 03.
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

/// How many connections may wait to be accepted: all of a burst.
const BACKLOG: u32 = 4096;

/// Those who wait until there are so many.
#[derive(Clone, Default)]
struct Doors(Arc<Mutex<HashMap<usize, Arc<Barrier>>>>);

/// Serves until standard input ends, as it does when whoever started this is gone.
///
/// | route | answer |
/// |---|---|
/// | `/page/{ms}` | 1,000 bytes, after so many milliseconds |
/// | `/open/{n}` | the same, as soon as `n` of these requests are there |
/// | `/cpu` | the processor time of this process in milliseconds, or `-` |
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
    let open_port = "no port of 127.0.0.1 could be opened";
    let socket = TcpSocket::new_v4().context(open_port)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).context(open_port)?;
    let listener = socket.listen(BACKLOG).context(open_port)?;
    println!("http://{}", listener.local_addr().context(open_port)?);
    let cpu =
        || async { measure::cpu().map_or("-".to_owned(), |cpu| cpu.to_string()) };
    let app = Router::new()
        .route("/page/{ms}", get(page))
        .route("/open/{n}", get(open))
        .route("/cpu", get(cpu))
        .with_state(Doors::default());
    axum::serve(listener, app).await.context("the web server ended")
}

async fn page(Path(ms): Path<u64>) -> &'static str {
    if ms > 0 {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
    PAGE
}

async fn open(State(doors): State<Doors>, Path(n): Path<usize>) -> &'static str {
    let door = {
        let mut doors = doors.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(doors.entry(n).or_insert_with(|| Arc::new(Barrier::new(n))))
    };
    door.wait().await;
    PAGE
}
