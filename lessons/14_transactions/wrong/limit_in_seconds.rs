//! Wrong: sets the limit in seconds, so less than one second is 0, which is no limit.

async fn with_tx<T>(
    pool: &Pool,
    limit: Duration,
    work: impl AsyncFnOnce(&Transaction<'_>) -> Result<T>,
) -> Result<T> {
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    let limit = limit.as_secs();
    tx.batch_execute(&format!("SET LOCAL statement_timeout = '{limit}s'")).await?;
    let value = work(&tx).await?;
    tx.batch_execute("SELECT 1").await?;
    tx.commit().await?;
    Ok(value)
}
