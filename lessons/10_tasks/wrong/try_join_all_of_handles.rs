//! Wrong: returns at the first error, but nothing stops the other tasks.

use futures::future::try_join_all;
use tokio::task::spawn;

async fn task_group<T, F>(jobs: Vec<F>) -> Result<Vec<T>>
where
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    let handles = jobs.into_iter().map(spawn).map(async |handle| handle.await?);
    try_join_all(handles).await
}
