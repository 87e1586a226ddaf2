//! Wrong: an advisory lock, for which all transactions wait.

async fn with_tx<T>(
    pool: &Pool,
    limit: Duration,
    work: impl AsyncFnOnce(&Transaction<'_>) -> Result<T>,
) -> Result<T> {
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    let limit = limit.as_millis();
    tx.batch_execute(&format!("SET LOCAL statement_timeout = {limit}")).await?;
    tx.batch_execute("SELECT pg_advisory_xact_lock(1)").await?;
    let value = work(&tx).await?;
    tx.batch_execute("SELECT 1").await?;
    tx.commit().await?;
    Ok(value)
}
