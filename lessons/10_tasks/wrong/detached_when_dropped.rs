//! Wrong: aborts the tasks at the first error, but not when the group itself is
//! dropped.

use futures::future::{join_all, select_all};
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
                others.iter().for_each(|task| task.abort());
                join_all(others).await;
                return Err(error);
            }
        }
        tasks = others;
    }
    outputs.sort_by_key(|(index, _)| *index);
    Ok(outputs.into_iter().map(|(_, output)| output).collect())
}
