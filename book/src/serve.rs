//! `cargo book serve`: serves the book to this machine only. Its pages can run the
//! lessons they show, and reload when the book changes.
//!
//! ```text
//! browser ── GET /03_gather.html ──> newest build in a temporary folder
//!         ── GET /live ────────────> server-sent events, one per build   (live.rs)
//!         ── POST /run/03_gather ──> `cargo run`, its output as JSON     (run.rs)
//! ```
//!
//! A server that compiles and runs code at a browser's request must not do so for
//! everyone. It listens on 127.0.0.1, but any website that the user visits can send
//! requests there, too; `origin.rs` rejects those. What runs is `cargo run` with a
//! name from the list of lessons, one run at a time, with limits on time and output.
//!
//! The server runs on one thread, so nothing may block it. Building reads files in
//! which anything may happen, such as a FIFO that no one writes to, and runs on other
//! threads; so does reading what a program left.
//!
//! On Ctrl-C the server stops the run in progress first: [`Runner::close`] waits until
//! its process group is dead. The temporary folder of the pages is removed when the
//! last [`BookBuild`] is dropped.

mod live;
mod origin;
mod run;

use std::io::ErrorKind;
use std::net::Ipv4Addr;
use std::path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tower_http::services::{ServeDir, ServeFile};

use async_workbook::Lesson;

use crate::signals::shutdown_signal;
pub use live::{BookBuild, rebuild};
pub use run::{Limits, Runner, Target};

/// The number of ports to try after a busy one.
const MORE_PORTS: u16 = 20;

/// The time for a request's header to arrive. Also closes idle connections, a few
/// hundred of which would exhaust the process's file descriptors.
const HEADER_LIMIT: Duration = Duration::from_secs(10);

/// Serves the book in the folder `book` on 127.0.0.1 until Ctrl-C, at `port` or the
/// next free one.
pub async fn serve(book: &path::Path, port: u16, open: bool) -> Result<()> {
    let root = book.parent().context("the book's folder has no parent")?;
    let mut shutdown = pin!(shutdown_signal()?);
    let first = book.to_owned();
    let build = tokio::select! {
        build = spawn_blocking(move || BookBuild::new(&first)) => build??,
        () = &mut shutdown => return Ok(()),
    };
    let listener = bind(port).await?;
    let bound = listener.local_addr()?.port();
    if bound != port && port != 0 {
        println!("Port {port} is busy; using {bound} instead.");
    }
    let url = format!("http://localhost:{bound}/");
    println!("Serving the book at {url} (Ctrl-C to stop)");
    if open && let Err(error) = open::that_detached(&url) {
        eprintln!("warning: could not open a browser: {error}; open {url} yourself");
    }

    let runner = Arc::new(Runner::new(root, Limits::default()));
    let (sender, builds) = watch::channel(build);
    tokio::select! {
        () = accept(listener, router(builds, Arc::clone(&runner)), HEADER_LIMIT) => {}
        () = rebuild(book.to_owned(), sender) => {}
        () = shutdown => {}
    }
    runner.close().await;
    Ok(())
}

/// Serves all connections to `listener`, forever. (`axum::serve` would never close a
/// connection whose request does not arrive.)
pub async fn accept(listener: TcpListener, router: Router, header_limit: Duration) {
    let service = TowerToHyperService::new(router);
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // EMFILE: retry after some connections have been closed.
            sleep(Duration::from_millis(100)).await;
            continue;
        };
        // TCP_NODELAY: with Nagle's algorithm, the second part of a response would wait
        // for the client's delayed ACK, 40 ms.
        let _ = stream.set_nodelay(true);
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(header_limit)
            .serve_connection(TokioIo::new(stream), service.clone());
        // An error means that the client is gone or does not speak HTTP.
        tokio::spawn(connection);
    }
}

/// The routes: the pages of the newest build, `/live`, `/run/{name}` and
/// `/check/{name}`.
pub fn router(builds: watch::Receiver<BookBuild>, runner: Arc<Runner>) -> Router {
    let run = |is_check| {
        post(move |State(runner), Path(name)| run(runner, name, is_check))
    };
    let runs = Router::new()
        .route("/run/{name}", run(false))
        .route("/check/{name}", run(true))
        .layer(middleware::from_fn(origin::require_own_page))
        .with_state(runner);
    Router::new()
        .route("/live", get(async |State(builds)| live::events(builds)))
        .fallback(page)
        .with_state(builds)
        .merge(runs)
        .layer(middleware::from_fn(origin::require_local_host))
}

async fn page(
    State(builds): State<watch::Receiver<BookBuild>>,
    request: Request,
) -> Response {
    let dir = builds.borrow().pages();
    if !dir.is_dir() {
        let text = "The pages are gone: save a chapter, or restart the server.\n";
        return (StatusCode::INTERNAL_SERVER_ERROR, text).into_response();
    }
    let mut missing = ServeFile::new(dir.join("404.html"));
    let mut pages = ServeDir::new(dir).not_found_service(missing.clone());
    let response = match pages.try_call(request).await {
        // No file has such a long name.
        Err(error) if error.kind() == ErrorKind::InvalidFilename => {
            let page = missing.try_call(Request::new(Body::empty())).await;
            page.map(|page| (StatusCode::NOT_FOUND, page).into_response())
        }
        response => response.map(Response::into_response),
    };
    response.unwrap_or_else(|error| {
        (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response()
    })
}

async fn run(runner: Arc<Runner>, name: String, is_check: bool) -> Response {
    let Some(lesson) = Lesson::named(&name) else {
        return (StatusCode::NOT_FOUND, "No such lesson.\n").into_response();
    };
    let Some(events) = runner.start(Target { lesson, is_check }).await else {
        let message = "Another run is in progress, perhaps from another page. Stop it \
                       first.\n";
        return (StatusCode::CONFLICT, message).into_response();
    };
    let json_lines = [(header::CONTENT_TYPE, "application/x-ndjson")];
    (json_lines, Body::from_stream(events)).into_response()
}

async fn bind(port: u16) -> Result<TcpListener> {
    let last = port.saturating_add(MORE_PORTS);
    for candidate in port..=last {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, candidate)).await {
            Err(error) if error.kind() == ErrorKind::AddrInUse => {}
            bound => {
                return bound.with_context(|| {
                    format!("could not listen on port {candidate}")
                });
            }
        }
    }
    anyhow::bail!(
        "ports {port} to {last} are all busy; choose another one with --port"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_busy_port_is_skipped() {
        let first = bind(0).await.unwrap();
        let busy = first.local_addr().unwrap().port();
        let second = bind(busy).await.unwrap();
        assert!(second.local_addr().unwrap().port() > busy);
    }
}
