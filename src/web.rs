//! The web server that lessons fetch from: real HTTP on a loopback port of its own.
//!
//! | route | answer |
//! |---|---|
//! | `/page/{n}` | a text of `1000 + n` bytes, after 100 ms |
//! | `/api/weather/{city}` | `{"city", "celsius", "sky"}`, after 100 ms; 404 for an unknown city |
//! | `/api/events/{city}` | `[{"title", "day"}]`, after 100 ms; 404 for an unknown city |
//! | `/broken.json` | says it is JSON and stops in the middle, after 100 ms |
//! | `/health` | `ok`, at once |
//! | `/stats` | `{"in_flight", "peak", "requests"}` of all but `/health` and `/stats`; `POST /stats/reset` |
//!
//! Each of the slow routes takes wishes in its query: `delay=MS` (at most 60000)
//! instead of 100, `status=CODE` (200 to 599) instead of 200, `bytes=N` (at most
//! 10000000) for a page's size, and `limit=N`: answer 503 at once while more than
//! `N` requests are in flight.

use crate::timeline::REQUESTS;
use anyhow::{Context, Result};
use axum::extract::{Path, Query, Request, State};
use axum::http::uri::PathAndQuery;
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tracing::{Instrument, info_span};

/// A running web server. It answers until it is dropped.
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    refusing: TcpSocket,
    counts: Counts,
    accepting: JoinHandle<()>,
}

/// What a server has counted since its start, or since the last reset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Requests being answered at this moment.
    pub in_flight: usize,
    /// The most that were ever in flight together.
    pub peak: usize,
    /// All requests, answered, refused, or given up by the client.
    pub requests: usize,
}

impl Server {
    /// Starts a server on a free loopback port, as a task of the current runtime. It
    /// shares that runtime's thread and clock, so a paused clock is exact for client
    /// and server alike.
    ///
    /// It also makes rustls use ring in this process (unless a provider is set
    /// already): reqwest is built without a TLS provider of its own, which keeps the
    /// first build short.
    ///
    /// # Errors
    /// When no loopback port can be opened.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn start() -> Result<Self> {
        // An error means that a provider is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();

        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let open_port = "no port of 127.0.0.1 could be opened for the web server (is the \
                         loopback interface up, is a port free?)";
        let listener = TcpListener::bind(any_port).await.context(open_port)?;
        let addr = listener.local_addr().context(open_port)?;
        // Bound but never listening: a connection to it is refused, now and later.
        let refusing = TcpSocket::new_v4().context(open_port)?;
        refusing.bind(any_port).context(open_port)?;

        let counts = Counts::default();
        let app = routes(counts.clone());
        let accepting = tokio::spawn(async move {
            // axum::serve retries failed accepts and never returns.
            let _ = axum::serve(listener, app).await;
        });
        Ok(Self { addr, refusing, counts, accepting })
    }

    /// The URL of `path`, which begins with a slash: `server.url("/page/1")`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// A URL on which nobody listens: a connection to it is refused.
    ///
    /// # Errors
    /// When the operating system does not tell the port's number.
    pub fn refused_url(&self) -> Result<String> {
        let addr = self.refusing.local_addr().context("the port has no number")?;
        Ok(format!("http://{addr}/"))
    }

    /// What was counted since the start or the last [`reset`](Self::reset).
    pub fn stats(&self) -> Stats {
        self.counts.lock().stats
    }

    /// The requests since the start or the last reset, in the order they came; the
    /// first 10,000 of them. Those to `/health` and `/stats` are left out.
    pub fn seen(&self) -> Vec<Seen> {
        self.counts.lock().seen.clone()
    }

    /// From now on, answers requests for exactly this path (without its query) after
    /// `delay` instead of 100 ms, unless they wish otherwise.
    pub fn delay(&self, path: &str, delay: Duration) {
        self.counts.lock().delays.insert(path.to_owned(), delay);
    }

    /// The most requests that were in flight together since the start or the last
    /// reset.
    pub fn peak(&self) -> usize {
        self.stats().peak
    }

    /// Starts counting anew. Requests in flight stay counted as such.
    pub fn reset(&self) {
        self.counts.reset();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// A request, as the server has seen it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Path and query, such as `/page/1?delay=50`.
    pub path: String,
    /// The status it was answered with; `None` while it is in flight, and for ever if
    /// the client went away.
    pub status: Option<u16>,
}

/// What the server remembers, behind [`Server::stats`] and the rest.
#[derive(Debug, Default)]
struct Memory {
    stats: Stats,
    seen: Vec<Seen>,
    delays: HashMap<String, Duration>,
}

#[derive(Clone, Debug, Default)]
struct Counts(Arc<Mutex<Memory>>);

impl Counts {
    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reset(&self) {
        let mut memory = self.lock();
        let in_flight = memory.stats.in_flight;
        memory.stats = Stats { in_flight, peak: in_flight, requests: 0 };
        memory.seen.clear();
    }

    fn enter(&self, path: &str) -> InFlight {
        let mut memory = self.lock();
        let stats = &mut memory.stats;
        stats.in_flight += 1;
        stats.requests += 1;
        stats.peak = stats.peak.max(stats.in_flight);
        let together = stats.in_flight;
        let seen = (memory.seen.len() < MAX_SEEN).then_some(memory.seen.len());
        if seen.is_some() {
            memory.seen.push(Seen { path: path.to_owned(), status: None });
        }
        InFlight { counts: self.clone(), together, seen }
    }
}

/// One request in flight; dropped when it is answered, and also when the client goes
/// away.
struct InFlight {
    counts: Counts,
    together: usize,
    /// Its place in what the server has seen.
    seen: Option<usize>,
}

impl InFlight {
    fn answered(&self, status: StatusCode) {
        let mut memory = self.counts.lock();
        // After a reset there may be nothing in its place.
        if let Some(seen) = self.seen.and_then(|seen| memory.seen.get_mut(seen)) {
            seen.status = Some(status.as_u16());
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.counts.lock().stats.in_flight -= 1;
    }
}

/// What a request asks for in its query.
#[derive(Deserialize)]
struct Wish {
    delay: Option<u64>,
    status: Option<u16>,
    bytes: Option<usize>,
    limit: Option<usize>,
}

const DEFAULT_DELAY: Duration = Duration::from_millis(100);
const MAX_DELAY: Duration = Duration::from_secs(60);
const MAX_BYTES: usize = 10_000_000;
/// Requests that [`Server::seen`] remembers.
const MAX_SEEN: usize = 10_000;

fn routes(counts: Counts) -> Router {
    let slow = Router::new()
        .route("/page/{n}", get(page))
        .route("/api/weather/{city}", get(weather))
        .route("/api/events/{city}", get(events))
        .route("/broken.json", get(broken_json))
        .layer(middleware::from_fn_with_state(counts.clone(), as_wished));
    let reset = |State(counts): State<Counts>| async move { counts.reset() };
    let stats =
        |State(counts): State<Counts>| async move { Json(counts.lock().stats) };
    Router::new()
        .route("/health", get(|| async { "ok\n" }))
        .route("/stats", get(stats))
        .route("/stats/reset", post(reset))
        .with_state(counts)
        .merge(slow)
}

/// Counts a request, delays it, refuses it or answers with another status, as its
/// query asks.
async fn as_wished(
    State(counts): State<Counts>,
    Query(wish): Query<Wish>,
    request: Request,
    next: Next,
) -> Response {
    let uri = request.uri();
    let path = uri.path_and_query().map_or(uri.path(), PathAndQuery::as_str);
    let in_flight = counts.enter(path);
    let span =
        info_span!(target: REQUESTS, "request", message = format!("GET {path}"));
    let delay = counts.lock().delays.get(uri.path()).copied();
    let answer = async {
        let refuse = |status, why: String| (status, why + "\n").into_response();
        if let Some(limit) = wish.limit.filter(|&limit| in_flight.together > limit) {
            let busy = format!("busy: {limit} requests are in flight already");
            return refuse(StatusCode::SERVICE_UNAVAILABLE, busy);
        }
        let wished = wish.delay.map(Duration::from_millis);
        let delay = wished.or(delay).unwrap_or(DEFAULT_DELAY);
        if delay > MAX_DELAY || wish.bytes.is_some_and(|bytes| bytes > MAX_BYTES) {
            let most = MAX_DELAY.as_millis();
            let too_much = format!("delay is at most {most}, bytes {MAX_BYTES}");
            return refuse(StatusCode::BAD_REQUEST, too_much);
        }
        sleep(delay).await;
        match wish.status.map(StatusCode::from_u16) {
            None | Some(Ok(StatusCode::OK)) => next.run(request).await,
            Some(Ok(status)) if status.as_u16() >= 200 => {
                refuse(status, status.to_string())
            }
            Some(_) => {
                refuse(StatusCode::BAD_REQUEST, "status is from 200 to 599".into())
            }
        }
    };
    let response = answer.instrument(span).await;
    in_flight.answered(response.status());
    response
}

async fn page(Path(n): Path<usize>, Query(wish): Query<Wish>) -> String {
    let bytes = wish.bytes.unwrap_or((1000 + n).min(MAX_BYTES));
    let mut text = format!("This is page {n}.\n");
    text.extend(std::iter::repeat_n('.', bytes.saturating_sub(text.len())));
    text.truncate(bytes);
    text
}

#[derive(Serialize)]
struct Weather {
    city: &'static str,
    celsius: i32,
    sky: &'static str,
}

#[derive(Serialize)]
struct Event {
    title: &'static str,
    day: &'static str,
}

const WEATHER: [Weather; 3] = [
    Weather { city: "Lisbon", celsius: 24, sky: "clear" },
    Weather { city: "Oslo", celsius: 11, sky: "rain" },
    Weather { city: "Helsinki", celsius: 9, sky: "fog" },
];

const EVENTS: [(&str, &[Event]); 3] = [
    (
        "Lisbon",
        &[
            Event { title: "Tram race", day: "Friday" },
            Event { title: "Fado night", day: "Saturday" },
        ],
    ),
    ("Oslo", &[Event { title: "Fjord swim", day: "Sunday" }]),
    ("Helsinki", &[]),
];

fn no_such_city(city: &str) -> (StatusCode, String) {
    (StatusCode::NOT_FOUND, format!("no such city: {city}\n"))
}

async fn weather(
    Path(city): Path<String>,
) -> Result<Json<&'static Weather>, (StatusCode, String)> {
    let found =
        WEATHER.iter().find(|weather| weather.city.eq_ignore_ascii_case(&city));
    found.map(Json).ok_or_else(|| no_such_city(&city))
}

async fn events(
    Path(city): Path<String>,
) -> Result<Json<&'static [Event]>, (StatusCode, String)> {
    let found = EVENTS.iter().find(|(name, _)| name.eq_ignore_ascii_case(&city));
    found.map(|(_, events)| Json(*events)).ok_or_else(|| no_such_city(&city))
}

async fn broken_json() -> impl IntoResponse {
    let says_json = [(header::CONTENT_TYPE, "application/json")];
    (says_json, r#"{"city": "Lisbon", "celsius": "#)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::future::join_all;
    use tokio::time::{Instant, timeout};

    /// A request that no proxy of whoever runs the tests comes between.
    async fn get(url: String) -> reqwest::Result<reqwest::Response> {
        reqwest::Client::builder().no_proxy().build()?.get(url).send().await
    }

    async fn status(url: String) -> u16 {
        get(url).await.unwrap().status().as_u16()
    }

    #[tokio::test(start_paused = true)]
    async fn pages_have_the_promised_size_and_delay() {
        let server = Server::start().await.unwrap();
        let before = Instant::now();
        let text = get(server.url("/page/7")).await.unwrap().text().await.unwrap();
        assert_eq!(text.len(), 1007);
        assert!(text.starts_with("This is page 7.\n"));
        assert_eq!(before.elapsed().as_millis(), 100);

        let small = get(server.url("/page/7?bytes=4&delay=0")).await.unwrap();
        assert_eq!(small.text().await.unwrap(), "This");
        assert_eq!(before.elapsed().as_millis(), 100);
    }

    #[tokio::test(start_paused = true)]
    async fn requests_in_flight_are_counted() {
        let server = Server::start().await.unwrap();
        join_all((1..=3).map(|n| status(server.url(&format!("/page/{n}"))))).await;
        assert_eq!(server.stats(), Stats { in_flight: 0, peak: 3, requests: 3 });
        server.reset();
        status(server.url("/page/1")).await;
        status(server.url("/health")).await;
        assert_eq!(server.stats(), Stats { in_flight: 0, peak: 1, requests: 1 });
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_gives_up_is_no_longer_in_flight() {
        let server = Server::start().await.unwrap();
        let url = server.url("/page/1?delay=60000");
        let given_up = timeout(Duration::from_millis(50), status(url)).await;
        assert!(given_up.is_err());
        tokio::task::yield_now().await;
        sleep(Duration::from_millis(1)).await;
        assert_eq!(server.stats(), Stats { in_flight: 0, peak: 1, requests: 1 });
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_asked_and_answered_is_remembered() {
        let server = Server::start().await.unwrap();
        server.delay("/page/1", Duration::from_millis(30));
        let before = Instant::now();
        status(server.url("/page/1?status=404")).await;
        assert_eq!(before.elapsed().as_millis(), 30);
        let slow = status(server.url("/page/2"));
        assert!(timeout(Duration::from_millis(50), slow).await.is_err());
        sleep(Duration::from_millis(1)).await;
        let seen = |path: &str, status| Seen { path: path.to_owned(), status };
        assert_eq!(
            server.seen(),
            [seen("/page/1?status=404", Some(404)), seen("/page/2", None)]
        );
        server.reset();
        assert_eq!(server.seen(), []);
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_refuses_what_is_over_it() {
        let server = Server::start().await.unwrap();
        let url = server.url("/page/1?limit=2");
        let statuses = join_all((0..5).map(|_| status(url.clone()))).await;
        assert_eq!(statuses.iter().filter(|&&status| status == 503).count(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn wishes_are_checked() {
        let server = Server::start().await.unwrap();
        assert_eq!(status(server.url("/page/1?status=418")).await, 418);
        assert_eq!(status(server.url("/page/1?status=99")).await, 400);
        assert_eq!(status(server.url("/page/1?status=100")).await, 400);
        assert_eq!(status(server.url("/page/1?delay=60001")).await, 400);
        assert_eq!(status(server.url("/page/1?bytes=10000001")).await, 400);
        assert_eq!(status(server.url("/page/1?delay=soon")).await, 400);
        assert_eq!(status(server.url("/page/one")).await, 400);
        assert_eq!(status(server.url("/nowhere")).await, 404);
    }

    #[tokio::test(start_paused = true)]
    async fn cities_are_found_and_missed() {
        let server = Server::start().await.unwrap();
        let weather: serde_json::Value = get(server.url("/api/weather/oslo"))
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        assert_eq!(weather["celsius"], 11);
        assert_eq!(status(server.url("/api/events/Atlantis")).await, 404);
        let broken = get(server.url("/broken.json")).await.unwrap();
        assert!(broken.json::<serde_json::Value>().await.unwrap_err().is_decode());
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_url_refuses_and_a_dropped_server_too() {
        let server = Server::start().await.unwrap();
        let refused = get(server.refused_url().unwrap()).await;
        assert!(refused.unwrap_err().is_connect());
        let url = server.url("/health");
        drop(server);
        tokio::task::yield_now().await;
        assert!(get(url).await.unwrap_err().is_connect());
    }
}
