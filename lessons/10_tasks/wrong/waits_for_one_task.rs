//! Wrong: the loop that waits for the others ends at the first one that was cancelled.

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
    while let Some(joined) = tasks.join_next().await {
        match joined.map_err(Into::into).flatten() {
            Ok(output) => outputs.push(output),
            Err(error) => {
                tasks.abort_all();
                while let Some(Ok(_)) = tasks.join_next().await {}
                return Err(error);
            }
        }
    }
    outputs.sort_by_key(|(index, _)| *index);
    Ok(outputs.into_iter().map(|(_, output)| output).collect())
}
