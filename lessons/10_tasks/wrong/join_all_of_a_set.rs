//! Wrong: `JoinSet::join_all` panics if one of the tasks has panicked, and waits for
//! all of them if one has failed.

async fn task_group<T, F>(jobs: Vec<F>) -> Result<Vec<T>>
where
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    for (index, job) in jobs.into_iter().enumerate() {
        tasks.spawn(async move { (index, job.await) });
    }
    let mut results = tasks.join_all().await;
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}
