//! Wrong: the first error ends the worker.

use anyhow::Context;
use tokio::sync::{mpsc, oneshot};

type Job = (String, oneshot::Sender<String>);

static JOBS: LazyLock<mpsc::Sender<Job>> = LazyLock::new(|| {
    let (sender, mut jobs) = mpsc::channel::<Job>(10);
    RUNTIME.spawn(async move {
        let (failed, mut failure) = mpsc::channel::<()>(1);
        loop {
            let job = tokio::select! {
                job = jobs.recv() => job,
                _ = failure.recv() => None,
            };
            let Some((url, answer)) = job else { break };
            let failed = failed.clone();
            tokio::spawn(async move {
                match CLIENT.title(&url).await {
                    Ok(title) => drop(answer.send(title)),
                    Err(_) => drop(failed.send(()).await),
                }
            });
        }
    });
    sender
});

fn fetch_title(url: &str) -> Result<String> {
    let (sender, answer) = oneshot::channel();
    JOBS.blocking_send((url.to_owned(), sender)).ok().context("no worker")?;
    Ok(answer.blocking_recv()?)
}
