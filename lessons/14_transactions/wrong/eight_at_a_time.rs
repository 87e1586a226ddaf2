//! Wrong: eight transactions at a time, however many connections there are.

async fn with_tx<T>(
    pool: &Pool,
    limit: Duration,
    work: impl AsyncFnOnce(&Transaction<'_>) -> Result<T>,
) -> Result<T> {
    static EIGHT: tokio::sync::Semaphore = tokio::sync::Semaphore::const_new(8);
    let _permit = EIGHT.acquire().await?;
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    let set = format!("SET LOCAL statement_timeout = {}", limit.as_millis());
    tx.batch_execute(&set).await?;
    let value = work(&tx).await?;
    tx.batch_execute("SELECT 1").await?;
    tx.commit().await?;
    Ok(value)
}
