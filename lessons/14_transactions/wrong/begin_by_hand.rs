//! Wrong: begins by hand. Nothing ends that if this is dropped before the next line.

async fn with_tx<T>(
    pool: &Pool,
    limit: Duration,
    work: impl AsyncFnOnce(&Transaction<'_>) -> Result<T>,
) -> Result<T> {
    let mut client = pool.get().await?;
    let limit = limit.as_millis();
    let begin = format!("BEGIN; SET LOCAL statement_timeout = {limit}");
    client.batch_execute(&begin).await?;
    let tx = client.transaction().await?;
    let value = work(&tx).await?;
    tx.batch_execute("SELECT 1").await?;
    tx.commit().await?;
    Ok(value)
}
