//! The web server that lessons fetch from: real HTTP on a loopback port.
//!
//! | route | response |
//! |---|---|
//! | `/page/{n}` | `1000 + n` bytes of text, at most 10000000 |
//! | `/api/weather/{city}` | `{"city", "celsius", "sky"}`; 404 for an unknown city |
//! | `/api/events/{city}` | `[{"title", "day"}]`; 404 for an unknown city |
//! | `/broken.json` | truncated JSON |
//! | `/health` | `ok` |
//! | `/stats` | `{"in_flight", "peak", "requests"}`; `POST /stats/reset` |
//!
//! The first four take 100 ms and accept options in the query: `delay=MS` (at most
//! 60000) instead of 100, `status=CODE` (200 to 599) instead of 200, `bytes=N` (at
//! most 10000000) for the size of a page, and `limit=N` to get a 503 at once while
//! more than `N` requests are in flight. `/health` and `/stats` respond immediately
//! and are not counted.
//!
//! The server runs as a task of the lesson's own runtime rather than on a thread of
//! its own. It therefore shares the runtime's clock: under test, with the clock
//! paused, the delay of a response is exact for the client. The real sockets do
//! not disturb it: data written on a loopback connection is readable at once, and
//! tokio polls its sockets before it advances the clock.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{fs, io};

use anyhow::{Context, Result};
use axum::extract::{Path, Query, Request, State};
use axum::http::uri::PathAndQuery;
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tracing::{Instrument, info, info_span};

use crate::timeline::REQUESTS;

/// A running web server. Dropping it stops it.
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    /// Bound but not listening: the source of [`Server::refused_url`].
    refusing: TcpSocket,
    traffic: Traffic,
    accept_loop: JoinHandle<()>,
}

/// Counters since the start of the server or the last reset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// The requests in flight now.
    pub in_flight: usize,
    /// The most requests that were in flight at the same time.
    pub peak: usize,
    /// All requests, including those that were refused or cancelled by the client.
    pub requests: usize,
}

impl Server {
    /// Starts a server on a free loopback port, as a task of the current runtime.
    ///
    /// Also installs ring as the default provider of rustls, unless the process has
    /// one: reqwest is built without a provider, which keeps the first build short.
    ///
    /// # Errors
    ///
    /// If no loopback port can be opened.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub async fn start() -> Result<Self> {
        Self::spawn()
    }

    /// Not an async function: the compiler generates the code of those, and of all that
    /// they call for the first time, in each program that awaits them.
    fn spawn() -> Result<Self> {
        // An error means that a provider is already installed, which is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();

        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let open_port = "could not open a port on 127.0.0.1 for the web server (is the loopback \
                         interface up, and a port free?)";
        let listener = listen(any_port).context(open_port)?;
        let addr = listener.local_addr().context(open_port)?;
        // It is bound but never listens, so every connection to it is refused, and
        // no other program can take the port.
        let refusing = TcpSocket::new_v4().context(open_port)?;
        refusing.bind(any_port).context(open_port)?;

        let traffic = Traffic::default();
        let app = routes(traffic.clone());
        let log = traffic.clone();
        let listener = listener.tap_io(move |_| log.lock().connections += 1);
        let accept_loop = tokio::spawn(async move {
            // axum::serve retries failed accepts and never returns. (Without
            // `into_make_service`, it prepares the routes again for each connection.)
            let _ = axum::serve(listener, app.into_make_service()).await;
        });
        Ok(Self { addr, refusing, traffic, accept_loop })
    }

    /// Returns the URL of `path`, which starts with a slash:
    /// `server.url("/page/1")`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// Returns a URL whose connections are refused.
    ///
    /// # Errors
    ///
    /// If the operating system does not return the number of the port.
    pub fn refused_url(&self) -> Result<String> {
        let addr = self
            .refusing
            .local_addr()
            .context("could not get the number of a port")?;
        Ok(format!("http://{addr}/"))
    }

    /// Returns the counters since the start or the last [`reset`](Self::reset).
    pub fn stats(&self) -> Stats {
        self.traffic.lock().stats
    }

    /// Returns the first 10,000 requests since the start or the last reset, in the
    /// order of their arrival, without those to `/health` and `/stats`.
    pub fn requests(&self) -> Vec<SeenRequest> {
        self.traffic.lock().requests.clone()
    }

    /// Changes the default delay of a path, which is matched exactly and without its
    /// query. A `delay` in the query takes precedence.
    pub fn delay(&self, path: &str, delay: Duration) {
        self.traffic.lock().delays.insert(path.to_owned(), delay);
    }

    /// Replaces the response to a path, which is matched exactly and without its
    /// query. It takes as long as the original one. `body` is sent as JSON.
    pub fn set_response(&self, path: &str, status: u16, body: impl Into<String>) {
        let mut log = self.traffic.lock();
        log.responses.insert(path.to_owned(), (status, body.into()));
    }

    /// Returns the most requests that were in flight at the same time since the
    /// start or the last reset.
    pub fn peak(&self) -> usize {
        self.stats().peak
    }

    /// Returns the number of connections that were opened since the start. A client
    /// that keeps its connections opens few.
    pub fn connections(&self) -> usize {
        self.traffic.lock().connections
    }

    /// Resets the counters. Requests in flight still count as such.
    pub fn reset(&self) {
        self.traffic.reset();
    }
}

/// Listens with a backlog of [`BACKLOG`] connections. (That of `TcpListener::bind` is 128:
/// further connections would wait until the server accepts some.)
fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(addr)?;
    socket.listen(BACKLOG)
}

/// Returns how many of `wanted` requests can start at the same time, with the client
/// in the same process.
///
/// Two limits of the operating system can make that fewer: the number of connections
/// that are not accepted yet (128 on macOS), and the number of open files (256 on
/// macOS), of which each request takes two.
pub fn capacity(wanted: usize) -> usize {
    let system = fs::read_to_string("/proc/sys/net/core/somaxconn");
    let system = system.ok().and_then(|limit| limit.trim().parse().ok());
    let backlog = system.unwrap_or(128).min(BACKLOG as usize);
    let wanted = wanted.min(backlog);
    // One is opened for each file that is needed, and for some that are open later.
    let files =
        (0..2 * wanted + 50).map_while(|_| UdpSocket::bind("127.0.0.1:0").ok());
    let files = files.collect::<Vec<_>>().len();
    wanted.min(files.saturating_sub(50) / 2)
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accept_loop.abort();
    }
}

/// A request that the server received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenRequest {
    /// Path and query, such as `/page/1?delay=50`.
    pub path: String,
    /// The status of the response; `None` while the request is in flight, and
    /// forever if the client cancelled it.
    pub status: Option<u16>,
}

/// The log behind [`Server::stats`] and [`Server::requests`], and the delays and
/// responses set by [`Server::delay`] and [`Server::set_response`].
#[derive(Debug, Default)]
struct TrafficLog {
    stats: Stats,
    connections: usize,
    requests: Vec<SeenRequest>,
    delays: HashMap<String, Duration>,
    responses: HashMap<String, (u16, String)>,
}

/// A [`TrafficLog`] shared by the server and its request handlers.
#[derive(Clone, Debug, Default)]
struct Traffic(Arc<Mutex<TrafficLog>>);

impl Traffic {
    fn lock(&self) -> MutexGuard<'_, TrafficLog> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reset(&self) {
        let mut log = self.lock();
        let in_flight = log.stats.in_flight;
        log.stats = Stats { in_flight, peak: in_flight, requests: 0 };
        log.requests.clear();
    }

    /// Logs the arrival of a request.
    fn enter(&self, path: &str) -> InFlight {
        let mut log = self.lock();
        let stats = &mut log.stats;
        stats.in_flight += 1;
        stats.requests += 1;
        stats.peak = stats.peak.max(stats.in_flight);
        let concurrent = stats.in_flight;
        let index =
            (log.requests.len() < MAX_REQUESTS).then_some(log.requests.len());
        if index.is_some() {
            log.requests.push(SeenRequest { path: path.to_owned(), status: None });
        }
        InFlight { traffic: self.clone(), concurrent, index }
    }
}

/// A request in flight.
///
/// It is dropped after the response and also when the client disconnects, because
/// hyper then drops the future of the handler.
struct InFlight {
    traffic: Traffic,
    /// The requests in flight when this one arrived, including this one.
    concurrent: usize,
    /// Its position in the log, unless the log was full.
    index: Option<usize>,
}

impl InFlight {
    fn log_status(&self, status: StatusCode) {
        let mut log = self.traffic.lock();
        // A reset may have cleared the log.
        if let Some(request) =
            self.index.and_then(|index| log.requests.get_mut(index))
        {
            request.status = Some(status.as_u16());
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.traffic.lock().stats.in_flight -= 1;
    }
}

/// The options of a request, from its query.
#[derive(Deserialize)]
struct PageOptions {
    delay: Option<u64>,
    status: Option<u16>,
    bytes: Option<usize>,
    limit: Option<usize>,
}

/// The number of connections that may wait to be accepted.
const BACKLOG: u32 = 1024;
const JSON: &str = "application/json";
const DEFAULT_DELAY: Duration = Duration::from_millis(100);
const MAX_DELAY: Duration = Duration::from_secs(60);
const MAX_BYTES: usize = 10_000_000;
/// The capacity of the log behind [`Server::requests`].
const MAX_REQUESTS: usize = 10_000;

fn routes(traffic: Traffic) -> Router {
    let slow = Router::new()
        .route("/page/{n}", get(page))
        .route("/api/weather/{city}", get(weather))
        .route("/api/events/{city}", get(events))
        .route("/broken.json", get(broken_json))
        .layer(middleware::from_fn_with_state(traffic.clone(), apply_options));
    let reset = |State(traffic): State<Traffic>| async move { traffic.reset() };
    let stats =
        |State(traffic): State<Traffic>| async move { Json(traffic.lock().stats) };
    Router::new()
        .route("/health", get(|| async { "ok\n" }))
        .route("/stats", get(stats))
        .route("/stats/reset", post(reset))
        .with_state(traffic)
        .merge(slow)
}

/// Logs a request, then delays it, refuses it or overrides its status, as its
/// options say.
async fn apply_options(
    State(traffic): State<Traffic>,
    Query(options): Query<PageOptions>,
    request: Request,
    next: Next,
) -> Response {
    let uri = request.uri();
    let path = uri.path_and_query().map_or(uri.path(), PathAndQuery::as_str);
    let in_flight = traffic.enter(path);
    let span =
        info_span!(target: REQUESTS, "request", message = format!("GET {path}"));
    let (path_delay, path_response) = {
        let log = traffic.lock();
        let delay = log.delays.get(uri.path()).copied();
        (delay, log.responses.get(uri.path()).cloned())
    };
    let respond = async {
        let plain = |status, text: String| (status, text + "\n").into_response();
        if let Some(limit) =
            options.limit.filter(|&limit| in_flight.concurrent > limit)
        {
            let busy = format!("busy: {limit} requests are in flight already");
            return plain(StatusCode::SERVICE_UNAVAILABLE, busy);
        }
        let delay = options.delay.map(Duration::from_millis);
        if delay.is_some_and(|delay| delay > MAX_DELAY)
            || options.bytes.is_some_and(|bytes| bytes > MAX_BYTES)
        {
            let max_delay = MAX_DELAY.as_millis();
            let limits = format!(
                "delay must be at most {max_delay}, bytes at most {MAX_BYTES}"
            );
            return plain(StatusCode::BAD_REQUEST, limits);
        }
        sleep(delay.or(path_delay).unwrap_or(DEFAULT_DELAY)).await;
        if let Some((status, body)) = path_response {
            let status = StatusCode::from_u16(status).unwrap_or_default();
            return (status, [(header::CONTENT_TYPE, JSON)], body).into_response();
        }
        match options.status.map(StatusCode::from_u16) {
            None | Some(Ok(StatusCode::OK)) => next.run(request).await,
            Some(Ok(status)) if (200..600).contains(&status.as_u16()) => {
                plain(status, status.to_string())
            }
            Some(_) => plain(
                StatusCode::BAD_REQUEST,
                "status must be from 200 to 599".into(),
            ),
        }
    };
    let response = respond.instrument(span.clone()).await;
    let status = response.status();
    let returned = if status.is_success() { Ok(status) } else { Err(status) };
    info!(target: REQUESTS, parent: &span, return = ?returned);
    in_flight.log_status(status);
    response
}

async fn page(Path(n): Path<usize>, Query(options): Query<PageOptions>) -> String {
    let bytes = options.bytes.unwrap_or(n.saturating_add(1000).min(MAX_BYTES));
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
    ([(header::CONTENT_TYPE, JSON)], r#"{"city": "Lisbon", "celsius": "#)
}

#[cfg(test)]
mod tests {
    use futures::future::join_all;
    use tokio::time::{Instant, timeout};

    use super::*;

    /// Sends a request, ignoring the proxy settings of the environment.
    async fn get(url: String) -> reqwest::Result<reqwest::Response> {
        reqwest::Client::builder().no_proxy().build()?.get(url).send().await
    }

    async fn status(url: String) -> u16 {
        get(url).await.unwrap().status().as_u16()
    }

    #[tokio::test(start_paused = true)]
    async fn pages_have_the_documented_size_and_delay() {
        let server = Server::start().await.unwrap();
        let before = Instant::now();
        let text = get(server.url("/page/7")).await.unwrap().text().await.unwrap();
        assert_eq!(text.len(), 1007);
        assert!(text.starts_with("This is page 7.\n"));
        assert_eq!(before.elapsed().as_millis(), 100);

        let small = get(server.url("/page/7?bytes=4&delay=0")).await.unwrap();
        assert_eq!(small.text().await.unwrap(), "This");
        assert_eq!(before.elapsed().as_millis(), 100);

        let large = get(server.url(&format!("/page/{}", usize::MAX))).await.unwrap();
        assert_eq!(large.text().await.unwrap().len(), MAX_BYTES);
    }

    #[tokio::test(start_paused = true)]
    async fn connections_are_counted() {
        let server = Server::start().await.unwrap();
        assert_eq!(server.connections(), 0);
        // Each has a client, and so a connection, of its own.
        for _ in 0..3 {
            status(server.url("/page/1")).await;
        }
        server.reset();
        assert_eq!(server.connections(), 3);
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
    async fn a_cancelled_request_is_no_longer_in_flight() {
        let server = Server::start().await.unwrap();
        let url = server.url("/page/1?delay=60000");
        let cancelled = timeout(Duration::from_millis(50), status(url)).await;
        assert!(cancelled.is_err());
        tokio::task::yield_now().await;
        sleep(Duration::from_millis(1)).await;
        assert_eq!(server.stats(), Stats { in_flight: 0, peak: 1, requests: 1 });
    }

    #[tokio::test(start_paused = true)]
    async fn requests_are_logged_with_their_status() {
        let server = Server::start().await.unwrap();
        server.delay("/page/1", Duration::from_millis(30));
        let before = Instant::now();
        status(server.url("/page/1?status=404")).await;
        assert_eq!(before.elapsed().as_millis(), 30);
        let slow = status(server.url("/page/2"));
        assert!(timeout(Duration::from_millis(50), slow).await.is_err());
        sleep(Duration::from_millis(1)).await;
        let seen =
            |path: &str, status| SeenRequest { path: path.to_owned(), status };
        assert_eq!(
            server.requests(),
            [seen("/page/1?status=404", Some(404)), seen("/page/2", None)]
        );
        server.reset();
        assert_eq!(server.requests(), []);
    }

    #[tokio::test(start_paused = true)]
    async fn a_response_can_be_replaced() {
        let server = Server::start().await.unwrap();
        server.set_response("/api/events/Oslo", 404, "[]");
        let before = Instant::now();
        let response = get(server.url("/api/events/Oslo?delay=30")).await.unwrap();
        assert_eq!(before.elapsed().as_millis(), 30);
        assert_eq!(response.status(), 404);
        assert_eq!(response.text().await.unwrap(), "[]");
    }

    #[tokio::test(start_paused = true)]
    async fn as_many_requests_as_the_capacity_start_at_once() {
        let server = Server::start().await.unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let count = capacity(220);
        let before = Instant::now();
        let gets = (0..count).map(|n| {
            let url = server.url(&format!("/page/{n}"));
            client.get(url).send()
        });
        join_all(gets).await;
        assert_eq!((server.peak(), before.elapsed().as_millis()), (count, 100));
    }

    #[tokio::test(start_paused = true)]
    async fn requests_over_the_limit_are_refused() {
        let server = Server::start().await.unwrap();
        let url = server.url("/page/1?limit=2");
        let statuses = join_all((0..5).map(|_| status(url.clone()))).await;
        assert_eq!(statuses.iter().filter(|&&status| status == 503).count(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn options_are_validated() {
        let server = Server::start().await.unwrap();
        assert_eq!(status(server.url("/page/1?status=418")).await, 418);
        assert_eq!(status(server.url("/page/1?status=99")).await, 400);
        assert_eq!(status(server.url("/page/1?status=100")).await, 400);
        assert_eq!(status(server.url("/page/1?status=600")).await, 400);
        let url = format!("/page/1?delay={}", u64::MAX);
        assert_eq!(status(server.url(&url)).await, 400);
        assert_eq!(status(server.url("/page/1?delay=60001")).await, 400);
        assert_eq!(status(server.url("/page/1?bytes=10000001")).await, 400);
        assert_eq!(status(server.url("/page/1?delay=soon")).await, 400);
        assert_eq!(status(server.url("/page/one")).await, 400);
        assert_eq!(status(server.url("/nowhere")).await, 404);
    }

    #[tokio::test(start_paused = true)]
    async fn unknown_cities_are_not_found() {
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
    async fn a_refused_url_and_a_dropped_server_refuse_connections() {
        let server = Server::start().await.unwrap();
        let refused = get(server.refused_url().unwrap()).await;
        assert!(refused.unwrap_err().is_connect());
        let url = server.url("/health");
        drop(server);
        tokio::task::yield_now().await;
        assert!(get(url).await.unwrap_err().is_connect());
    }
}
