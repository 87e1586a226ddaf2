//! Wrong: busy-polls until the others have stopped.

use tokio::task::yield_now;

async fn task_group<T, F>(jobs: Vec<F>) -> Result<Vec<T>>
where
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    for (index, job) in jobs.into_iter().enumerate() {
        tasks.spawn(async move { (index, job.await) });
    }
    let mut outputs = Vec::new();
    while let Some(joined) = tasks.join_next().await {
        let error = match joined {
            Ok((index, Ok(output))) => {
                outputs.push((index, output));
                continue;
            }
            Ok((_, Err(error))) => error,
            Err(panic) => panic.into(),
        };
        tasks.abort_all();
        while !tasks.is_empty() {
            yield_now().await;
            while tasks.try_join_next().is_some() {}
        }
        return Err(error);
    }
    outputs.sort_by_key(|(index, _)| *index);
    Ok(outputs.into_iter().map(|(_, output)| output).collect())
}
