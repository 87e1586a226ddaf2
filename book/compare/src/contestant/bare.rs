//! The limit of the `pages` benchmark: a client without HTTP. Each connection writes
//! a fixed request and counts the bytes of the response, so the time is spent in the
//! server and the kernel.

use std::io::ErrorKind;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use futures::future::try_join_all;
use tokio::net::TcpStream;

use super::{Case, on_one_thread};
use crate::sample::{Sample, cpu, memory, millis_since, minus};

/// Fetches pages like `pages::main`.
pub fn main(base: &str, cases: &str) -> Result<()> {
    let at = base.strip_prefix("http://").context("not an HTTP URL")?;
    on_one_thread(async {
        let mut open: Vec<TcpStream> = Vec::new();
        for Case { n, times } in Case::parse_all(cases)? {
            while open.len() < n {
                open.push(TcpStream::connect(at).await?);
            }
            for (delay, times) in [50, 0].into_iter().zip(times) {
                let request =
                    format!("GET /page/{delay} HTTP/1.1\r\nhost: {at}\r\n\r\n");
                // All responses are as long as the first.
                let length = exchange(&open[0], request.as_bytes(), None).await?;
                let together = || {
                    try_join_all(open[..n].iter().map(|connection| {
                        exchange(connection, request.as_bytes(), Some(length))
                    }))
                };
                let before = cpu();
                let mut values = Vec::new();
                for _ in 0..times {
                    let start = Instant::now();
                    together().await?;
                    values.push(millis_since(start));
                }
                Sample {
                    benchmark: format!("pages-{delay}"),
                    case: n.to_string(),
                    values,
                    cpu: minus(cpu(), before).map(|total| total / times as f64),
                    server: None,
                    peak: memory("VmHWM"),
                }
                .print()?;
            }
        }
        Ok(())
    })
}

/// Sends a request and reads a response of `length` bytes, or if that is not known,
/// to the end of its page. Returns the length of the response.
async fn exchange(
    stream: &TcpStream,
    request: &[u8],
    length: Option<usize>,
) -> Result<usize> {
    stream.writable().await?;
    let written = stream.try_write(request)?;
    ensure!(
        written == request.len(),
        "the socket buffer did not take the whole request"
    );
    let mut buffer = [0; 2048];
    let mut read = 0;
    loop {
        stream.readable().await?;
        match stream.try_read(&mut buffer[read..]) {
            Ok(0) => anyhow::bail!("the server closed a connection"),
            Ok(more) => read += more,
            Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error.into()),
        }
        let head = buffer[..read].windows(4).position(|end| end == b"\r\n\r\n");
        let whole = length.or(head.map(|head| head + 4 + 1000));
        if whole.is_some_and(|whole| read >= whole) {
            return Ok(read);
        }
    }
}
