//! Wrong: the worker receives the next job when it is done with this one.

use anyhow::Context;
use tokio::sync::{mpsc, oneshot};

type Job = (String, oneshot::Sender<Result<String>>);

static JOBS: LazyLock<mpsc::Sender<Job>> = LazyLock::new(|| {
    let (sender, mut jobs) = mpsc::channel::<Job>(10);
    RUNTIME.spawn(async move {
        while let Some((url, answer)) = jobs.recv().await {
            let _ = answer.send(CLIENT.title(&url).await);
        }
    });
    sender
});

fn fetch_title(url: &str) -> Result<String> {
    let (sender, answer) = oneshot::channel();
    JOBS.blocking_send((url.to_owned(), sender)).ok().context("no worker")?;
    answer.blocking_recv()?
}
