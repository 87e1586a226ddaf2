//! Wrong: the outputs are in the order in which the tasks finish.

async fn task_group<T, F>(jobs: Vec<F>) -> Result<Vec<T>>
where
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    jobs.into_iter().for_each(|job| drop(tasks.spawn(job)));
    let mut outputs = Vec::new();
    while let Some(joined) = tasks.join_next().await {
        match joined.map_err(Into::into).flatten() {
            Ok(output) => outputs.push(output),
            Err(error) => {
                tasks.shutdown().await;
                return Err(error);
            }
        }
    }
    Ok(outputs)
}
