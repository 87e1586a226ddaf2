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
//! requests there, too; `guard.rs` rejects those. What runs is `cargo run` with a
//! name from the list of lessons, one job at a time, with limits on time and output.
//!
//! On Ctrl-C the server stops the running job first: [`Runner::close`] waits until
//! its process group is dead. The temporary folder of the pages is removed when the
//! last [`Build`] is dropped.

mod guard;
mod live;
mod run;

use std::io::ErrorKind;
use std::net::Ipv4Addr;
use std::path;
use std::sync::Arc;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tower_http::services::{ServeDir, ServeFile};

use async_workbook::Lesson;

use crate::signals::shutdown_signal;
pub use live::{Build, rebuild};
pub use run::{Job, Limits, Runner};

/// The number of ports to try after a busy one.
const MORE_PORTS: u16 = 20;

/// Serves the book in the folder `book` on 127.0.0.1 until Ctrl-C, at `port` or the
/// next free one.
pub async fn serve(book: &path::Path, port: u16, open: bool) -> Result<()> {
    let root = book.parent().context("the book's folder has no parent")?;
    let shutdown = shutdown_signal()?;
    let build = Build::new(book)?;
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
        served = axum::serve(listener, router(builds, Arc::clone(&runner))) => served?,
        () = rebuild(book.to_owned(), sender) => {}
        () = shutdown => {}
    }
    runner.close().await;
    Ok(())
}

/// The routes: the pages of the newest build, `/live`, `/run/{name}` and
/// `/check/{name}`.
pub fn router(builds: watch::Receiver<Build>, runner: Arc<Runner>) -> Router {
    let runs = Router::new()
        .route("/run/{name}", post(run_lesson))
        .route("/check/{name}", post(run_check))
        .layer(middleware::from_fn(guard::require_own_page))
        .with_state(runner);
    Router::new()
        .route("/live", get(async |State(builds)| live::events(builds)))
        .fallback(page)
        .with_state(builds)
        .merge(runs)
        .layer(middleware::from_fn(guard::require_local_host))
}

async fn page(
    State(builds): State<watch::Receiver<Build>>,
    request: Request,
) -> Response {
    let dir = builds.borrow().pages();
    let missing = ServeFile::new(dir.join("404.html"));
    match ServeDir::new(dir).not_found_service(missing).try_call(request).await {
        Ok(response) => response.into_response(),
        Err(error) => {
            (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response()
        }
    }
}

async fn run_lesson(
    runner: State<Arc<Runner>>,
    Path(name): Path<String>,
) -> Response {
    run(&runner, &name, Job::Lesson).await
}

async fn run_check(
    runner: State<Arc<Runner>>,
    Path(name): Path<String>,
) -> Response {
    run(&runner, &name, Job::Check).await
}

async fn run(
    runner: &Arc<Runner>,
    name: &str,
    job: impl FnOnce(&'static Lesson) -> Job,
) -> Response {
    let Some(lesson) = Lesson::named(name) else {
        return (StatusCode::NOT_FOUND, "No such lesson.\n").into_response();
    };
    let Some(events) = runner.start(job(lesson)).await else {
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
