//! Wrong: ignores the error of the commit.

async fn with_tx<T>(
    pool: &Pool,
    limit: Duration,
    work: impl AsyncFnOnce(&Transaction<'_>) -> Result<T>,
) -> Result<T> {
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    let limit = limit.as_millis();
    tx.batch_execute(&format!("SET LOCAL statement_timeout = {limit}")).await?;
    let value = work(&tx).await?;
    tx.batch_execute("SELECT 1").await?;
    let _ = tx.commit().await;
    Ok(value)
}
