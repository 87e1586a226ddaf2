//! Wrong: each job is awaited before the next one starts.

use tokio::task::spawn;

async fn task_group<T, F>(jobs: Vec<F>) -> Result<Vec<T>>
where
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    let mut outputs = Vec::new();
    for job in jobs {
        outputs.push(spawn(job).await??);
    }
    Ok(outputs)
}
