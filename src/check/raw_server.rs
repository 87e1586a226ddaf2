//! A web server whose responses arrive in pieces, late, or not at all: for deadlines
//! that have to cover headers and body.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// The most bytes of a request that are read. Requests in checks are shorter.
const MAX_REQUEST: usize = 2000;

/// A server that sends the same bytes to every connection and closes it, one
/// connection after another. Dropping it stops it.
#[derive(Debug)]
pub struct RawServer {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl RawServer {
    /// Starts a server on a free loopback port. It sends each part after a delay in
    /// milliseconds; without parts it reads the request and closes the connection.
    ///
    /// ```
    /// use async_workbook::check::{self, RawServer};
    /// use tokio::io::{AsyncReadExt, AsyncWriteExt};
    /// use tokio::net::TcpStream;
    ///
    /// let read = check::on_paused_clock(async {
    ///     let body = "hello";
    ///     let start = RawServer::response(200, "he", body.len());
    ///     let server = RawServer::start(vec![(0, start), (300, "llo".into())]).await?;
    ///     let address = server.url().trim_start_matches("http://").trim_end_matches('/');
    ///     let mut connection = TcpStream::connect(address).await?;
    ///     connection.write_all(b"GET / HTTP/1.1\r\n\r\n").await?;
    ///     let run = check::run("read", async {
    ///         let mut text = String::new();
    ///         connection.read_to_string(&mut text).await.map(|_| text)
    ///     });
    ///     let (text, run) = run.await.split();
    ///     assert_eq!(run.took.as_millis(), 300);
    ///     assert_eq!(server.requests(), ["GET / HTTP/1.1\r\n\r\n"]);
    ///     Ok(text?)
    /// });
    /// assert!(read.unwrap().ends_with("\r\n\r\nhello"));
    /// ```
    ///
    /// # Errors
    ///
    /// If no loopback port can be opened.
    pub async fn start(parts: Vec<(u64, String)>) -> Result<Self> {
        Self::spawn(parts)
    }

    fn spawn(parts: Vec<(u64, String)>) -> Result<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let url = format!("http://{}/", listener.local_addr()?);
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let log = Arc::clone(&requests);
        let task = tokio::spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                // The client may close the connection early.
                if let Ok(request) = respond(&mut connection, &parts).await {
                    log.lock().unwrap_or_else(PoisonError::into_inner).push(request);
                }
            }
        });
        Ok(Self { url, requests, task })
    }

    /// Formats the head of a JSON response whose body has `length` bytes, followed by
    /// the beginning of the body.
    pub fn response(status: u16, body: &str, length: usize) -> String {
        format!(
            "HTTP/1.1 {status} Some text\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\nconnection: close\r\n\r\n{body}"
        )
    }

    /// Returns the server's URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the heads of the requests to which it has responded.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Reads a request and sends the parts of the response. Returns the request.
async fn respond(
    connection: &mut TcpStream,
    parts: &[(u64, String)],
) -> Result<String> {
    // The request is short enough to arrive in one piece.
    let mut request = [0; MAX_REQUEST];
    let length = connection.read(&mut request).await?;
    for (delay, part) in parts {
        sleep(Duration::from_millis(*delay)).await;
        connection.write_all(part.as_bytes()).await?;
    }
    Ok(String::from_utf8_lossy(&request[..length]).into_owned())
}

impl Drop for RawServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}
