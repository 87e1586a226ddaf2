//! Wrong: a job that fails while it is being stopped replaces the first error.

use tokio::task::JoinError;

async fn task_group<T, F>(jobs: Vec<F>) -> Result<Vec<T>>
where
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    for (index, job) in jobs.into_iter().enumerate() {
        tasks.spawn(async move { Ok::<_, anyhow::Error>((index, job.await?)) });
    }
    let mut outputs = Vec::new();
    let mut failure = None;
    while let Some(joined) = tasks.join_next().await {
        match joined.map_err(Into::into).flatten() {
            Ok(output) => outputs.push(output),
            Err(error) if is_cancelled(&error) => {}
            Err(error) => {
                failure = Some(error);
                tasks.abort_all();
            }
        }
    }
    if let Some(error) = failure {
        return Err(error);
    }
    outputs.sort_by_key(|(index, _)| *index);
    Ok(outputs.into_iter().map(|(_, output)| output).collect())
}

fn is_cancelled(error: &anyhow::Error) -> bool {
    error.downcast_ref().is_some_and(JoinError::is_cancelled)
}
