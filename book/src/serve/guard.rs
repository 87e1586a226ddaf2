//! What keeps pages from elsewhere away: they can send requests to this machine, in
//! the name of whoever reads them.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// The header that a page's script sends with what it asks for. A form cannot send it,
/// and a script from elsewhere has to ask first whether it may, which nobody answers.
pub const ASKED: &str = "x-workbook";

/// What a page may load: its own server's files, and nothing else. mdBook's pages have
/// scripts and styles inside.
const POLICY: &str = "default-src 'none'; script-src 'self' 'unsafe-inline'; \
                      style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      font-src 'self'; connect-src 'self'; frame-src 'self'; \
                      frame-ancestors 'self'; base-uri 'self'; form-action 'none'";

/// Refuses requests under another name: a page from elsewhere whose name was made to
/// point to this machine could read the book, and run its programs.
pub async fn local_only(request: Request, next: Next) -> Response {
    if !names_this_machine(request.headers()) {
        return refused("This book answers to localhost and 127.0.0.1 only.\n");
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    // A rebuilt page must not come from the browser's cache.
    set(header::CACHE_CONTROL, "no-cache");
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::CONTENT_SECURITY_POLICY, POLICY);
    set(header::REFERRER_POLICY, "same-origin");
    response
}

/// Refuses what no page of this book has asked for.
pub async fn own_pages_only(request: Request, next: Next) -> Response {
    if !from_own_page(request.headers()) {
        return refused("Only a page of this book can ask for that.\n");
    }
    next.run(request).await
}

fn refused(why: &'static str) -> Response {
    (StatusCode::FORBIDDEN, why).into_response()
}

fn names_this_machine(headers: &HeaderMap) -> bool {
    let host = text(headers, header::HOST);
    // Any port: someone may reach this one through a tunnel.
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    name.eq_ignore_ascii_case("localhost") || name == "127.0.0.1"
}

/// Browsers say where a POST comes from, and no page can make them lie.
fn from_own_page(headers: &HeaderMap) -> bool {
    let origin = text(headers, header::ORIGIN).strip_prefix("http://");
    headers.contains_key(ASKED) && origin == Some(text(headers, header::HOST))
}

fn text(headers: &HeaderMap, name: HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), value.parse().unwrap())
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn only_names_of_this_machine_pass() {
        let passes = |host: &str| names_this_machine(&headers(&[("host", host)]));
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

    #[test]
    fn only_a_page_of_this_server_asks() {
        let host = ("host", "localhost:3000");
        let own = ("origin", "http://localhost:3000");
        assert!(from_own_page(&headers(&[host, own, (ASKED, "1")])));
        assert!(!from_own_page(&headers(&[host, own])));
        assert!(!from_own_page(&headers(&[host, (ASKED, "1")])));
        assert!(!from_own_page(&headers(&[own, (ASKED, "1")])));
        for foreign in [
            "null",
            "http://evil.test",
            "http://localhost:3001",
            "http://127.0.0.1:3000",
            "https://localhost:3000",
            "http://localhost:3000.evil.test",
        ] {
            let origin = ("origin", foreign);
            let passes = from_own_page(&headers(&[host, origin, (ASKED, "1")]));
            assert!(!passes, "{foreign}");
        }
    }
}
