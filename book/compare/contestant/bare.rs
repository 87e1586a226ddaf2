//! N pages at once, with next to nothing: each connection writes the same bytes and
//! counts those that come back. What it takes, the server and the system take; no
//! client can be quicker.

use super::{Case, on_one_thread};
use crate::measure::{Measured, cpu, memory, minus, since};
use anyhow::{Context, Result, ensure};
use futures::future::try_join_all;
use std::io::ErrorKind;
use std::time::Instant;
use tokio::net::TcpStream;

/// As `pages::main`.
pub fn main(base: &str, cases: &str) -> Result<()> {
    let at = base.strip_prefix("http://").context("no URL of a server")?;
    on_one_thread(async {
        let mut open: Vec<TcpStream> = Vec::new();
        for Case { n, times } in Case::all(cases)? {
            while open.len() < n {
                open.push(TcpStream::connect(at).await?);
            }
            for (delay, times) in [50, 0].into_iter().zip(times) {
                let request =
                    format!("GET /page/{delay} HTTP/1.1\r\nhost: {at}\r\n\r\n");
                // The first answer tells how long every answer is.
                let length = ask(&open[0], request.as_bytes(), None).await?;
                let together = || {
                    let ask = |one| ask(one, request.as_bytes(), Some(length));
                    try_join_all(open[..n].iter().map(ask))
                };
                let before = cpu();
                let mut values = Vec::new();
                for _ in 0..times {
                    let start = Instant::now();
                    together().await?;
                    values.push(since(start));
                }
                Measured {
                    work: format!("pages-{delay}"),
                    case: n.to_string(),
                    values,
                    cpu: minus(cpu(), before).map(|total| total / times as f64),
                    server: None,
                    peak: memory("VmHWM"),
                }
                .tell()?;
            }
        }
        Ok(())
    })
}

/// Asks, and reads as many bytes as an answer has; without knowing, until its page
/// has ended.
async fn ask(
    stream: &TcpStream,
    request: &[u8],
    length: Option<usize>,
) -> Result<usize> {
    stream.writable().await?;
    let written = stream.try_write(request)?;
    ensure!(written == request.len(), "a request was not taken at once");
    let mut buffer = [0; 2048];
    let mut read = 0;
    loop {
        stream.readable().await?;
        match stream.try_read(&mut buffer[read..]) {
            Ok(0) => anyhow::bail!("the server ended a connection"),
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
