//! `cargo book serve`: serves the book, by default to this machine only. Its pages
//! can run the lessons they show, and reload when the book changes.
//!
//! ```text
//! browser ── GET /03_gather.html ──> newest build in a temporary folder
//!         ── GET /live ────────────> server-sent events, one per build   (live.rs)
//!         ── GET /progress ────────> the progress of `cargo workbook`
//!         ── GET /changed/03_gather > when its exercise was changed
//!         ── POST /run/03_gather ──> `cargo run`, its output as JSON     (run.rs)
//! ```
//!
//! A server that compiles and runs code at a browser's request must not do so for
//! everyone. It listens on 127.0.0.1 unless `--hostname` names another address, but
//! any website that the user visits can send requests there, too; `origin.rs` rejects
//! those. It runs only `cargo run` with a lesson's name and perhaps a number in the range
//! of its knob (`/run/04_bounded?--limit=5`), one at a time, and limits time and output.
//!
//! The server runs on one thread, so nothing may block it: builds, and reads of files that
//! may be a FIFO, run on other threads.
//!
//! On Ctrl-C the server stops the run in progress first: [`Runner::close`] waits until
//! its process group is dead. The temporary folder of the pages is removed when the
//! last [`BookBuild`] is dropped.

mod live;
mod origin;
mod run;

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr};
use std::path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, RawQuery, Request, State};
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
use tower_http::compression::CompressionLayer;
use tower_http::services::{ServeDir, ServeFile};

use async_workbook::{Knob, Lesson};

use crate::signals::shutdown_signal;
pub use live::{BookBuild, rebuild};
pub use origin::parse as parse_origin;
pub use run::{Limits, Runner, Target};

/// The number of ports to try after a busy one.
const MORE_PORTS: u16 = 20;

/// The time for a request's header to arrive. Also closes idle connections, a few
/// hundred of which would exhaust the process's file descriptors.
const HEADER_LIMIT: Duration = Duration::from_secs(10);

/// The options of the command `serve`.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// The port to listen on; if it is busy, the next free one is used
    #[arg(long, default_value_t = 3000)]
    port: u16,
    /// The address to listen on. 0.0.0.0 is for a container whose port is published:
    /// everyone who can reach it can run the lessons
    #[arg(long, value_name = "ADDRESS", default_value_t = Ipv4Addr::LOCALHOST.into())]
    hostname: IpAddr,
    /// The origin of a proxy or tunnel in front of the server, such as https://NAME
    #[arg(long, value_parser = origin::parse)]
    origin: Option<Arc<str>>,
    /// Open the book in the browser
    #[arg(long)]
    open: bool,
}

/// Serves the book in the folder `book` until Ctrl-C, at the port of the options or
/// the next free one.
pub async fn serve(book: &path::Path, options: Options) -> Result<()> {
    let Options { port, hostname, origin, open } = options;
    let root = book.parent().context("the book's folder has no parent")?;
    let mut shutdown = pin!(shutdown_signal()?);
    let first = book.to_owned();
    let build = tokio::select! {
        build = spawn_blocking(move || BookBuild::new(&first)) => build??,
        () = &mut shutdown => return Ok(()),
    };
    let listener = bind(hostname, port).await?;
    let mut at = listener.local_addr()?;
    if at.port() != port && port != 0 {
        println!("Port {port} is busy; using {} instead.", at.port());
    }
    if hostname.is_unspecified() {
        at.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    // Not `localhost`: another server may have this port of its IPv6 address.
    let url = format!("http://{at}/");
    println!("Serving the book at {url} (Ctrl-C to stop)");
    if open && let Err(error) = open::that_detached(&url) {
        eprintln!("warning: could not open a browser: {error}; open {url} yourself");
    }

    let runner = Arc::new(Runner::new(root, Limits::default()));
    let (sender, builds) = watch::channel(build);
    let router = router(builds, Arc::clone(&runner), origin);
    tokio::select! {
        () = accept(listener, router, HEADER_LIMIT) => {}
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

/// The routes: the pages of the newest build, and those above, for pages of this server
/// or of `proxy`.
pub fn router(
    builds: watch::Receiver<BookBuild>,
    runner: Arc<Runner>,
    proxy: Option<Arc<str>>,
) -> Router {
    let run = |is_check| {
        post(move |State(runner), Path(name), RawQuery(query)| {
            run(runner, name, query, is_check)
        })
    };
    let own =
        middleware::from_fn_with_state(proxy.clone(), origin::require_own_page);
    let local = middleware::from_fn_with_state(proxy, origin::require_local_host);
    let runs = Router::new()
        .route("/run/{name}", run(false))
        .route("/check/{name}", run(true))
        .layer(own)
        .route("/progress", get(progress))
        .route("/changed/{name}", get(changed))
        .with_state(runner);
    Router::new()
        .fallback(page)
        // Not the routes below: their events have to arrive one by one.
        .layer(CompressionLayer::new())
        .route("/live", get(async |State(builds)| live::events(builds)))
        .with_state(builds)
        .merge(runs)
        .layer(local)
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

async fn progress(State(runner): State<Arc<Runner>>) -> Vec<u8> {
    spawn_blocking(move || runner.progress()).await.unwrap_or_default()
}

async fn changed(
    State(runner): State<Arc<Runner>>,
    Path(name): Path<String>,
) -> String {
    format!("{:?}", Lesson::named(&name).and_then(|it| runner.changed(it)))
}

async fn run(
    runner: Arc<Runner>,
    name: String,
    query: Option<String>,
    is_check: bool,
) -> Result<Response, (StatusCode, String)> {
    let no_lesson = || format!("There is no lesson `{name}`. Reload the page.\n");
    let lesson =
        Lesson::named(&name).ok_or_else(|| (StatusCode::NOT_FOUND, no_lesson()))?;
    let knob = lesson.knob.filter(|_| !is_check);
    let value = query.map(|query| value(knob, &query)).transpose();
    let value =
        value.map_err(|error| (StatusCode::BAD_REQUEST, format!("{error}\n")))?;
    let busy =
        "Another run is in progress, perhaps from another page. Stop it first.\n";
    let events = runner.start(Target { lesson, is_check, value }).await;
    let events = events.ok_or_else(|| (StatusCode::CONFLICT, busy.to_owned()))?;
    let json_lines = [(header::CONTENT_TYPE, "application/x-ndjson")];
    Ok((json_lines, Body::from_stream(events)).into_response())
}

/// Parses the argument of a run, such as `--limit=5`.
fn value(knob: Option<Knob>, query: &str) -> Result<u32> {
    let Knob { argument, least, most, .. } = knob.context("It has no argument.")?;
    let number =
        query.strip_prefix(argument).and_then(|rest| rest.strip_prefix('='));
    let digits = number.filter(|number| number.bytes().all(|b| b.is_ascii_digit()));
    let value = digits.and_then(|digits| digits.parse().ok());
    value.filter(|value| (least..=most).contains(value)).with_context(|| {
        format!("Expected {argument} with a number, {least} to {most}.")
    })
}

async fn bind(hostname: IpAddr, port: u16) -> Result<TcpListener> {
    let last = port.saturating_add(MORE_PORTS);
    for candidate in port..=last {
        let bound = TcpListener::bind((hostname, candidate)).await;
        if !bound.as_ref().is_err_and(|error| error.kind() == ErrorKind::AddrInUse) {
            return bound
                .context(format!("could not listen on {hostname}:{candidate}"));
        }
    }
    anyhow::bail!("ports {port} to {last} are busy; choose another one with --port")
}
