//! The book, served to this machine alone: its pages run the lessons they show, and
//! are built anew when something in them changes.

mod guard;
mod live;
mod run;

pub use live::{Build, rebuild};
pub use run::{Job, Limits, Runner};

use anyhow::{Context, Result};
use async_workbook::Lesson;
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use std::io::ErrorKind;
use std::net::Ipv4Addr;
use std::path;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tower_http::services::{ServeDir, ServeFile};

/// How many ports after a busy one are tried.
const MORE_PORTS: u16 = 20;

/// Serves the book in the folder `book` on 127.0.0.1 until it is told to end.
///
/// A busy `port` gives way to the next free one. Fails if none of the next twenty is
/// free, and if a chapter does.
pub async fn serve(book: &path::Path, port: u16, open: bool) -> Result<()> {
    let root = book.parent().context("the book stands in no folder")?;
    let end = told_to_end()?;
    let build = Build::new(book)?;
    let listener = bind(port).await?;
    let bound = listener.local_addr()?.port();
    if bound != port && port != 0 {
        println!("Port {port} is busy, so the book takes {bound}.");
    }
    let url = format!("http://localhost:{bound}/");
    println!("The book is at {url} (Ctrl-C ends it)");
    if open && let Err(error) = open::that_detached(&url) {
        eprintln!("No browser opened ({error}): open {url} yourself.");
    }

    let runner = Arc::new(Runner::new(root, Limits::default()));
    let (builds, built) = watch::channel(build);
    let _watcher = rebuild(book, builds).inspect_err(|error| {
        eprintln!(
            "Pages will not follow changes, as files are not watched: {error:#}"
        );
    });
    tokio::select! {
        served = axum::serve(listener, router(built, Arc::clone(&runner))) => served?,
        _ = end => {}
    }
    runner.close().await;
    Ok(())
}

/// What is served: the pages of the newest build, news of it, and runs of lessons.
pub fn router(builds: watch::Receiver<Build>, runner: Arc<Runner>) -> Router {
    let runs = Router::new()
        .route("/run/{name}", post(run_lesson))
        .route("/check/{name}", post(run_check))
        .layer(middleware::from_fn(guard::own_pages_only))
        .with_state(runner);
    Router::new()
        .route("/live", get(async |State(builds)| live::news(builds)))
        .fallback(page)
        .with_state(builds)
        .merge(runs)
        .layer(middleware::from_fn(guard::local_only))
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
        return (StatusCode::NOT_FOUND, "There is no such lesson.\n")
            .into_response();
    };
    let Some(events) = runner.start(job(lesson)).await else {
        let why =
            "Something runs already, perhaps from another page. Stop it first.\n";
        return (StatusCode::CONFLICT, why).into_response();
    };
    let json_lines = [(header::CONTENT_TYPE, "application/x-ndjson")];
    (json_lines, Body::from_stream(events)).into_response()
}

/// Ends when Ctrl-C is pressed, or the system says so in another way: from now on, not
/// only once it is awaited.
#[cfg(unix)]
fn told_to_end() -> Result<impl Future> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    let mut hung_up = signal(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
            _ = hung_up.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn told_to_end() -> Result<impl Future> {
    Ok(tokio::signal::ctrl_c())
}

async fn bind(port: u16) -> Result<TcpListener> {
    let last = port.saturating_add(MORE_PORTS);
    for candidate in port..=last {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, candidate)).await {
            Err(error) if error.kind() == ErrorKind::AddrInUse => {}
            bound => {
                return bound
                    .with_context(|| format!("cannot listen on port {candidate}"));
            }
        }
    }
    anyhow::bail!("ports {port} to {last} are all busy; name another with --port")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_busy_port_gives_way_to_the_next() {
        let first = bind(0).await.unwrap();
        let busy = first.local_addr().unwrap().port();
        let second = bind(busy).await.unwrap();
        assert!(second.local_addr().unwrap().port() > busy);
    }
}
