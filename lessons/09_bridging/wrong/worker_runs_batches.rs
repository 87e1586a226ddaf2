//! Wrong: the worker takes all jobs that wait, and the next ones when the last of these
//! is done.

use anyhow::Context;
use futures::future::join_all;
use tokio::sync::{mpsc, oneshot};

type Job = (String, oneshot::Sender<Result<String>>);

static JOBS: LazyLock<mpsc::Sender<Job>> = LazyLock::new(|| {
    let (sender, mut jobs) = mpsc::channel::<Job>(100);
    RUNTIME.spawn(async move {
        let mut batch = Vec::new();
        while jobs.recv_many(&mut batch, 100).await > 0 {
            let fetch = async |(url, answer): Job| {
                let _ = answer.send(CLIENT.title(&url).await);
            };
            join_all(batch.drain(..).map(fetch)).await;
        }
    });
    sender
});

fn fetch_title(url: &str) -> Result<String> {
    let (sender, answer) = oneshot::channel();
    JOBS.blocking_send((url.to_owned(), sender)).ok().context("no worker")?;
    answer.blocking_recv()?
}
