//! 08 - exercise: hash uploads without stopping the server.
//!
//! It works, but while it hashes an upload, nothing else runs. Check it with
//! `cargo workbook check 08`; run it with `cargo workbook run 08 --exercise`.

mod uploads;

use std::time::Duration;

use anyhow::{Context, Result};
use futures::future::join_all;
use tokio::time::{Instant, sleep, timeout};

/// The time after which `Hasher::hash` gives up.
const DEADLINE: Duration = Duration::from_millis(500);

/// Hashes uploads for a server that must not stop.
struct Hasher {}

impl Hasher {
    /// Creates a hasher that runs `uploads::hash` at most `limit` times at once. The
    /// blocking pool has 512 threads; `limit` is smaller.
    fn new(_limit: usize) -> Self {
        Self {}
    }

    /// Returns the hash of an upload, or the error of `uploads::hash`. You may add
    /// context to it.
    ///
    /// - `uploads::hash` blocks. Call it where it may, and leave this thread free.
    /// - At most `limit` calls of it run at once; any number of callers may wait.
    ///   Each call starts as soon as it may.
    /// - Fails at the `DEADLINE`, counted from the first poll of `Hasher::hash`.
    /// - A call that has started cannot be stopped. It counts until it ends, even
    ///   if its caller has given up or was dropped. A call that has not started
    ///   when its caller gives up never starts, and the next caller gets its turn.
    async fn hash(&self, upload: String) -> Result<String> {
        let hashed = async { uploads::hash(&upload) };
        timeout(DEADLINE, hashed).await.context("hashing took too long")?
    }
}

/// Prints the time of each beat, every 100 ms.
async fn heartbeat(start: Instant) {
    loop {
        println!("{:>4} ms  beat", start.elapsed().as_millis());
        sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let (hasher, start) = (Hasher::new(2), Instant::now());
    // Two at a time: the last two miss the deadline.
    let uploads = (1..=6).map(async |n| {
        let hash = hasher.hash(format!("upload {n}")).await;
        let hash = hash.unwrap_or_else(|error| format!("{error:#}"));
        println!("{:>4} ms  upload {n}: {hash}", start.elapsed().as_millis());
    });
    tokio::select! {
        biased;
        () = heartbeat(start) => {}
        _ = join_all(uploads) => {}
    }
}

#[cfg(test)]
mod check;
