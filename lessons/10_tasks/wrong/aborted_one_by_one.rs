//! Wrong: at the first error, aborts a task only when the one before it has stopped;
//! and none when the group itself is dropped.

use futures::future::select_all;
use tokio::task::spawn;

async fn task_group<T, F>(jobs: Vec<F>) -> Result<Vec<T>>
where
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    let jobs = jobs.into_iter().enumerate();
    let tasks =
        jobs.map(|(index, job)| async move { anyhow::Ok((index, job.await?)) });
    let mut tasks: Vec<_> = tasks.map(spawn).collect();
    let mut outputs = Vec::new();
    while !tasks.is_empty() {
        let (joined, _, others) = select_all(tasks).await;
        match joined.map_err(Into::into).flatten() {
            Ok(output) => outputs.push(output),
            Err(error) => {
                for task in others {
                    task.abort();
                    let _ = task.await;
                }
                return Err(error);
            }
        }
        tasks = others;
    }
    outputs.sort_by_key(|(index, _)| *index);
    Ok(outputs.into_iter().map(|(_, output)| output).collect())
}
