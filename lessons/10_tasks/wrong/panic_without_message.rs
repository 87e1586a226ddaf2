//! Wrong: an error for a panic without the panic's message, unless it is a `String`.

use anyhow::anyhow;

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
        let joined = joined.unwrap_or_else(|panic| {
            let message = panic.into_panic().downcast::<String>();
            Err(message.map_or(anyhow!("a job has panicked"), |text| anyhow!(*text)))
        });
        match joined {
            Ok(output) => outputs.push(output),
            Err(error) => {
                tasks.shutdown().await;
                return Err(error);
            }
        }
    }
    outputs.sort_by_key(|(index, _)| *index);
    Ok(outputs.into_iter().map(|(_, output)| output).collect())
}
