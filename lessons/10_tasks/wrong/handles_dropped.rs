//! Wrong: "spawn runs it anyway", so the handles are dropped. The results come
//! through a channel, but no panic does.

use tokio::sync::mpsc;
use tokio::task::spawn;

async fn task_group<T, F>(jobs: Vec<F>) -> Result<Vec<T>>
where
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    let (sender, mut results) = mpsc::channel(jobs.len().max(1));
    for (index, job) in jobs.into_iter().enumerate() {
        let sender = sender.clone();
        spawn(async move { sender.send((index, job.await)).await });
    }
    drop(sender);
    let mut outputs = Vec::new();
    while let Some((index, result)) = results.recv().await {
        outputs.push((index, result?));
    }
    outputs.sort_by_key(|(index, _)| *index);
    Ok(outputs.into_iter().map(|(_, output)| output).collect())
}
