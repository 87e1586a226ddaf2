//! Wrong: a parameter for the limit, which `SET` does not take.

async fn with_tx<T>(
    pool: &Pool,
    limit: Duration,
    work: impl AsyncFnOnce(&Transaction<'_>) -> Result<T>,
) -> Result<T> {
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    let limit = limit.as_millis().to_string();
    tx.execute("SET LOCAL statement_timeout = $1", &[&limit]).await?;
    let value = work(&tx).await?;
    tx.batch_execute("SELECT 1").await?;
    tx.commit().await?;
    Ok(value)
}
