//! N pages at once, with reqwest.

use std::time::Instant;

use anyhow::{Result, ensure};
use futures::future::try_join_all;
use reqwest::{Client, Url};

use super::{Case, on_all_threads, on_one_thread};
use crate::sample::{Sample, cpu, memory, millis_since, minus};

/// The distribution of the requests over tasks and threads.
#[derive(Clone, Copy)]
enum Concurrency {
    /// A task per request, on all threads.
    Tasks,
    /// All requests in one task, on one thread.
    Joined,
}

/// Runs each of the `cases` against the server at `base`. Opens the connections
/// first, then measures requests that reuse them.
pub fn main(threads: &str, base: &str, cases: &str) -> Result<()> {
    // In the lessons, `web::Server::start` does this.
    let _ = rustls::crypto::ring::default_provider().install_default();
    if threads == "one" {
        on_one_thread(measure(Concurrency::Joined, base, cases))
    } else {
        on_all_threads(measure(Concurrency::Tasks, base, cases))
    }
}

async fn measure(concurrency: Concurrency, base: &str, cases: &str) -> Result<()> {
    let http = Client::builder().no_proxy().build()?;
    for Case { n, times } in Case::parse_all(cases)? {
        concurrency.fetch_all(&http, &format!("{base}/open/{n}"), n).await?;
        for (delay, times) in [50, 0].into_iter().zip(times) {
            let url = format!("{base}/page/{delay}");
            let before = (cpu(), server_cpu(&http, base).await?);
            let mut values = Vec::new();
            for _ in 0..times {
                let start = Instant::now();
                concurrency.fetch_all(&http, &url, n).await?;
                values.push(millis_since(start));
            }
            let after = (cpu(), server_cpu(&http, base).await?);
            let each = |total: f64| total / times as f64;
            Sample {
                benchmark: format!("pages-{delay}"),
                case: n.to_string(),
                values,
                cpu: minus(after.0, before.0).map(each),
                server: minus(after.1, before.1).map(each),
                peak: memory("VmHWM"),
            }
            .print()?;
        }
    }
    Ok(())
}

impl Concurrency {
    /// The measured benchmark: fetches `n` pages and reads each to its end.
    async fn fetch_all(self, http: &Client, url: &str, n: usize) -> Result<()> {
        let url = Url::parse(url)?;
        let pages = match self {
            Self::Joined => {
                try_join_all((0..n).map(|_| fetch(http.clone(), url.clone())))
                    .await?
            }
            Self::Tasks => {
                let task = |_| tokio::spawn(fetch(http.clone(), url.clone()));
                let tasks: Vec<_> = (0..n).map(task).collect();
                let mut pages = Vec::with_capacity(n);
                for task in tasks {
                    pages.push(task.await??);
                }
                pages
            }
        };
        ensure!(
            pages.iter().all(|&length| length == 1000),
            "a page has the wrong size"
        );
        Ok(())
    }
}

async fn fetch(http: Client, url: Url) -> Result<usize> {
    let response = http.get(url).send().await?.error_for_status()?;
    Ok(response.bytes().await?.len())
}

async fn server_cpu(http: &Client, base: &str) -> Result<Option<f64>> {
    let text = http.get(format!("{base}/cpu")).send().await?.text().await?;
    Ok(text.parse().ok())
}
