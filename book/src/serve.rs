//! The built book, served to this machine alone.

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use std::io::ErrorKind;
use std::net::Ipv4Addr;
use std::path::Path;
use tokio::net::TcpListener;
use tower_http::services::{ServeDir, ServeFile};

/// How many ports after a busy one are tried.
const MORE_PORTS: u16 = 20;

/// Serves the pages in `dir` on 127.0.0.1 until Ctrl-C.
///
/// A busy `port` gives way to the next free one. Fails if none of the next twenty is
/// free.
pub async fn serve(dir: &Path, port: u16, open: bool) -> Result<()> {
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
    tokio::select! {
        served = axum::serve(listener, router(dir)) => served?,
        pressed = tokio::signal::ctrl_c() => pressed?,
    }
    Ok(())
}

/// The pages in `dir`, for requests that name this machine.
pub fn router(dir: &Path) -> Router {
    let missing = ServeFile::new(dir.join("404.html"));
    Router::new()
        .fallback_service(ServeDir::new(dir).not_found_service(missing))
        .layer(middleware::from_fn(local_only))
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

/// Refuses requests under another name: a page from elsewhere whose name was made to
/// point to this machine could read the book and, later, more than the book.
async fn local_only(request: Request, next: Next) -> Response {
    if !names_this_machine(request.headers()) {
        let why = "This book answers to localhost and 127.0.0.1 only.\n";
        return (StatusCode::FORBIDDEN, why).into_response();
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    // A rebuilt page must not come from the browser's cache.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers
        .insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn names_this_machine(headers: &HeaderMap) -> bool {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    // Any port: someone may reach this one through a tunnel.
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    name.eq_ignore_ascii_case("localhost") || name == "127.0.0.1"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_pass() {
        let passes = |host: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            names_this_machine(&headers)
        };
        for host in ["localhost", "localhost:3000", "127.0.0.1:8080", "LOCALHOST"] {
            assert!(passes(host), "{host}");
        }
        for host in
            ["evil.test", "localhost.evil.test:3000", "127.0.0.1.evil.test", ""]
        {
            assert!(!passes(host), "{host}");
        }
        assert!(!names_this_machine(&HeaderMap::new()));
    }

    #[tokio::test]
    async fn a_busy_port_gives_way_to_the_next() {
        let first = bind(0).await.unwrap();
        let busy = first.local_addr().unwrap().port();
        let second = bind(busy).await.unwrap();
        assert!(second.local_addr().unwrap().port() > busy);
    }
}
