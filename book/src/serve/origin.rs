//! Rejects requests from other websites.
//!
//! Any website can make its visitor's browser send requests to 127.0.0.1. Three
//! checks keep it from reading the book or running programs:
//!
//! - **Host** must be present exactly once, and be `localhost`, `127.0.0.1` or `[::1]`;
//!   so must the host in the request's target, if it has one. This stops DNS rebinding,
//!   where `evil.test` resolves to 127.0.0.1 and thus counts as the same origin as this
//!   server.
//! - **Origin** of a request that runs something must be this server. Browsers set
//!   the header on every POST, and scripts cannot change it.
//! - **X-Workbook** must be present. A form cannot send a custom header, and a
//!   script of another origin needs the server's permission (a CORS preflight) to
//!   send it, which this server never grants.
//!
//! `--origin` names a proxy, whose name is then allowed in both headers as well. In the
//! other direction, a content security policy keeps the pages from loading anything
//! from other hosts.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// The content security policy. mdBook's pages have inline scripts and styles.
const POLICY: &str = "default-src 'none'; script-src 'self' 'unsafe-inline'; \
                      style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      font-src 'self'; connect-src 'self'; frame-src 'self'; \
                      frame-ancestors 'self'; base-uri 'self'; form-action 'none'";

/// Parses the value of `--origin`.
pub fn parse(text: &str) -> Result<Arc<str>, &'static str> {
    let origin = text.trim_end_matches('/').to_ascii_lowercase();
    let is_host = |host: &str| !host.is_empty() && !host.contains(['/', '@']);
    let is_origin = host(&origin).is_some_and(is_host);
    is_origin.then(|| origin.into()).ok_or("expected https://NAME")
}

fn host(origin: &str) -> Option<&str> {
    origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"))
}

/// Rejects requests with a foreign `Host` header, and sets the security headers of
/// all responses.
pub async fn require_local_host(
    State(proxy): State<Option<Arc<str>>>,
    request: Request,
    next: Next,
) -> Response {
    let of_proxy = proxy.as_deref().and_then(host);
    let is_allowed = |host| is_local(host) || of_proxy == Some(host);
    let target = request.uri().authority().map(|target| target.as_str());
    if !is_allowed(text(request.headers(), header::HOST))
        || !target.is_none_or(is_allowed)
    {
        return forbidden(
            "This server only responds to localhost and 127.0.0.1. Behind a proxy, \
             start it with `cargo book serve --origin https://NAME`.\n",
        );
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

/// Rejects requests that were not sent by the script of one of this server's pages.
pub async fn require_own_page(
    State(proxy): State<Option<Arc<str>>>,
    request: Request,
    next: Next,
) -> Response {
    let headers = request.headers();
    let (host, origin) =
        (text(headers, header::HOST), text(headers, header::ORIGIN));
    let is_own = is_local(host) && origin.strip_prefix("http://") == Some(host)
        || proxy.as_deref() == Some(origin);
    if !is_own || !headers.contains_key("x-workbook") {
        return forbidden(
            "Only pages of this book can run lessons. Behind a proxy, start the server \
             with `cargo book serve --origin https://NAME`.\n",
        );
    }
    next.run(request).await
}

fn forbidden(message: &'static str) -> Response {
    (StatusCode::FORBIDDEN, message).into_response()
}

fn is_local(host: &str) -> bool {
    // Any port: the server may be reached through a tunnel.
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    name.eq_ignore_ascii_case("localhost") || ["127.0.0.1", "[::1]"].contains(&name)
}

/// Returns the value of a header, or an empty string if it is missing, repeated or not
/// text: programs disagree on which value of a repeated header counts.
fn text(headers: &HeaderMap, name: HeaderName) -> &str {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().unwrap_or_default(),
        _ => "",
    }
}
