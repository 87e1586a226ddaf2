//! N pages at once, with reqwest.

use super::{Case, on_all_threads, on_one_thread};
use crate::measure::{Measured, cpu, memory, minus, since};
use anyhow::{Result, ensure};
use futures::future::try_join_all;
use reqwest::{Client, Url};
use std::time::Instant;

/// How all requests are under way together.
#[derive(Clone, Copy)]
enum Way {
    /// A task for each, on all threads.
    Tasks,
    /// All in one task, on one thread.
    Joined,
}

/// Fetches from the server at `base` as many pages at once as each of `cases` says:
/// first over new connections, which makes them, then over those.
pub fn main(threads: &str, base: &str, cases: &str) -> Result<()> {
    // Lessons have this from `web::Server::start`.
    let _ = rustls::crypto::ring::default_provider().install_default();
    if threads == "one" {
        on_one_thread(measure(Way::Joined, base, cases))
    } else {
        on_all_threads(measure(Way::Tasks, base, cases))
    }
}

async fn measure(way: Way, base: &str, cases: &str) -> Result<()> {
    let http = Client::builder().no_proxy().build()?;
    for Case { n, times } in Case::all(cases)? {
        way.fetch_all(&http, &format!("{base}/open/{n}"), n).await?;
        for (delay, times) in [50, 0].into_iter().zip(times) {
            let url = format!("{base}/page/{delay}");
            let before = (cpu(), server_cpu(&http, base).await?);
            let mut values = Vec::new();
            for _ in 0..times {
                let start = Instant::now();
                way.fetch_all(&http, &url, n).await?;
                values.push(since(start));
            }
            let after = (cpu(), server_cpu(&http, base).await?);
            let each = |total: f64| total / times as f64;
            Measured {
                work: format!("pages-{delay}"),
                case: n.to_string(),
                values,
                cpu: minus(after.0, before.0).map(each),
                server: minus(after.1, before.1).map(each),
                peak: memory("VmHWM"),
            }
            .tell()?;
        }
    }
    Ok(())
}

impl Way {
    /// The work itself: every page is read to its end.
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
            "a page of another size"
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
