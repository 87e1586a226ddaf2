//! Wrong: an error of the rollback replaces that of the work.

async fn with_tx<T>(
    pool: &Pool,
    limit: Duration,
    work: impl AsyncFnOnce(&Transaction<'_>) -> Result<T>,
) -> Result<T> {
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    let limit = limit.as_millis();
    tx.batch_execute(&format!("SET LOCAL statement_timeout = {limit}")).await?;
    let value = match work(&tx).await {
        Ok(value) => value,
        Err(error) => {
            tx.rollback().await?;
            return Err(error);
        }
    };
    tx.batch_execute("SELECT 1").await?;
    tx.commit().await?;
    Ok(value)
}
