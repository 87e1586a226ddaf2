//! Wrong: truncates the limit to 16 bits, so 65,536 ms are 0, which is no limit.

async fn with_tx<T>(
    pool: &Pool,
    limit: Duration,
    work: impl AsyncFnOnce(&Transaction<'_>) -> Result<T>,
) -> Result<T> {
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    let limit = limit.as_millis() as u16;
    tx.batch_execute(&format!("SET LOCAL statement_timeout = {limit}")).await?;
    let value = work(&tx).await?;
    tx.batch_execute("SELECT 1").await?;
    tx.commit().await?;
    Ok(value)
}
