//! A small API that fails in many ways: for lesson 13, its exercise and its check.
//!
//! Each part of a URL's path is the response to one request to that URL, and the
//! last part to all after it: `/503/429+2/200` fails twice and then succeeds.
//!
//! | part | response |
//! |---|---|
//! | `200` | `{"order": n, "name": ".."}`: the nth order, and the URL's query |
//! | `503`, `429+2` | this status; with `Retry-After: 2` |
//! | `503@60`, `200@900` | this status, after that many ms |
//! | `closed`, `reset` | none: the connection ends when the request is handled |
//! | `half` | half of the body, then the connection ends |
//! | `stalled`, `503stalled` | half of the body, then nothing more |
//! | `broken` | truncated JSON |
//! | `stuck` | none, and the connection stays open |
//!
//! Each request makes an order, unless it has an `Idempotency-Key` that the API has
//! seen before.

#![allow(dead_code, reason = "each program uses a part of it")]

use std::collections::HashSet;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{JoinSet, spawn};
use tokio::time::{Instant, timeout};
use tracing::{Instrument, info_span};

/// A running API. It ends with the runtime.
pub struct Api {
    addr: SocketAddr,
    /// Bound but not listening, so that connections to it are refused.
    refusing: TcpSocket,
    log: Arc<Mutex<Log>>,
}

/// The connections and requests since the API's start or [`Api::reset`].
#[derive(Clone, Default)]
pub struct Log {
    pub connections: usize,
    pub requests: Vec<Request>,
    pub orders: usize,
    /// The requests that are being handled now.
    pub running: usize,
    keys: HashSet<String>,
}

#[derive(Clone)]
pub struct Request {
    pub path: String,
    pub at: Instant,
    /// Its method, three of its headers and its body.
    pub content: String,
    key: Option<String>,
}

impl Api {
    /// Starts an API on a free loopback port, as a task of the current runtime.
    pub async fn start() -> io::Result<Self> {
        // As `web::Server::start` does: reqwest is built without a provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = TcpListener::bind(any_port).await?;
        let addr = listener.local_addr()?;
        let refusing = TcpSocket::new_v4()?;
        refusing.bind(any_port)?;
        let log = Arc::<Mutex<Log>>::default();
        let shared = Arc::clone(&log);
        spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((connection, _)) = listener.accept().await {
                lock(&shared).connections += 1;
                connections.spawn(serve(connection, Arc::clone(&shared)));
            }
        });
        Ok(Self { addr, refusing, log })
    }

    /// Returns the URL of a path such as `/503/200`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// Returns a URL whose connections are refused.
    pub fn refused_url(&self) -> io::Result<String> {
        Ok(format!("http://{}/", self.refusing.local_addr()?))
    }

    /// Returns the number of requests that the API has seen.
    pub fn count(&self) -> usize {
        lock(&self.log).requests.len()
    }

    /// Returns what the API has seen.
    pub fn log(&self) -> Log {
        lock(&self.log).clone()
    }

    /// Forgets what the API has seen, except for requests that are being handled.
    pub fn reset(&self) {
        let mut log = lock(&self.log);
        *log = Log { running: log.running, ..Log::default() };
    }
}

fn lock(log: &Mutex<Log>) -> MutexGuard<'_, Log> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Responds to the requests of a connection.
async fn serve(connection: TcpStream, log: Arc<Mutex<Log>>) -> io::Result<()> {
    let mut connection = BufReader::new(connection);
    loop {
        let request = read(&mut connection).await?;
        let _running = Running::begin(&log);
        let (part, body) = lock(&log).add(request);
        // The target of the web server's requests: the lesson's timeline leaves
        // them out.
        let span = info_span!(target: "async_workbook::web", "", message = part);
        respond(&part, &body, &mut connection).instrument(span).await?;
    }
}

/// Reads a request.
async fn read(connection: &mut BufReader<TcpStream>) -> io::Result<Request> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if connection.read_line(&mut head).await? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
    }
    let header = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    };
    let length = header("content-length").and_then(|length| length.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    connection.read_exact(&mut body).await?;
    let mut words = head.split(' ').map(str::to_owned);
    let (mut content, path) =
        (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    for name in ["x-client", "x-request", "idempotency-key"] {
        if let Some(value) = header(name) {
            content += &format!(", {name}: {value}");
        }
    }
    if !body.is_empty() {
        content += &format!(", body {}", String::from_utf8_lossy(&body));
    }
    let key = header("idempotency-key").map(str::to_owned);
    Ok(Request { path, at: Instant::now(), content, key })
}

/// Counts a request as running until it is dropped.
struct Running<'a>(&'a Mutex<Log>);

impl<'a> Running<'a> {
    fn begin(log: &'a Mutex<Log>) -> Self {
        lock(log).running += 1;
        Self(log)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        lock(self.0).running -= 1;
    }
}

impl Log {
    /// Logs a request. Returns the part of its path that is its response, and the
    /// body of a good one.
    fn add(&mut self, request: Request) -> (String, String) {
        let path = request.path.clone();
        let known = request.key.clone().is_some_and(|key| !self.keys.insert(key));
        self.orders += usize::from(!known);
        let before = self.requests.iter().filter(|r| r.path == path).count();
        self.requests.push(request);
        let (parts, name) = path.split_once('?').unwrap_or((&path, ""));
        let parts: Vec<_> = parts.split('/').skip(1).collect();
        let part = parts[before.min(parts.len() - 1)].to_owned();
        (part, format!(r#"{{"order": {}, "name": "{name}"}}"#, self.orders))
    }
}

/// Responds to a request. Fails if the connection has to end.
async fn respond(
    part: &str,
    body: &str,
    connection: &mut BufReader<TcpStream>,
) -> io::Result<()> {
    let response = |status: &str, header: &str, sent: &str| {
        let length = body.len();
        format!(
            "HTTP/1.1 {status} Text\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n{header}\r\n{sent}"
        )
    };
    let (part, millis) = part.split_once('@').unwrap_or((part, ""));
    let (half, rest) = body.split_at(body.len() / 2);
    let gone = || Err(ErrorKind::ConnectionReset.into());
    if let Ok(millis) = millis.parse() {
        let time = Duration::from_millis(millis);
        // Ends earlier if the client closes the connection.
        if timeout(time, connection.fill_buf()).await.is_ok() {
            return gone();
        }
    }
    let response = match part {
        "closed" => return gone(),
        "reset" => {
            connection.get_ref().set_zero_linger()?;
            return gone();
        }
        "half" | "stalled" | "503stalled" => {
            let status = if part == "503stalled" { "503" } else { "200" };
            let sent = response(status, "", half);
            connection.write_all(sent.as_bytes()).await?;
            if part != "half" {
                connection.fill_buf().await?;
            }
            return gone();
        }
        "stuck" => {
            // Ends when the client closes the connection.
            connection.fill_buf().await?;
            return gone();
        }
        "broken" => {
            response("200", "", &(half.to_owned() + &" ".repeat(rest.len())))
        }
        _ => match part.split_once('+') {
            Some((status, after)) => {
                // A letter that is not ASCII is encoded in the URL.
                let after = after.replace("%C3%A9", "é");
                response(status, &format!("retry-after: {after}\r\n"), body)
            }
            None => response(part, "", body),
        },
    };
    connection.write_all(response.as_bytes()).await
}
