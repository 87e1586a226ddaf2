//! Wrong: sets the isolation level of all later transactions of the connection.

async fn with_tx<T>(
    pool: &Pool,
    limit: Duration,
    work: impl AsyncFnOnce(&Transaction<'_>) -> Result<T>,
) -> Result<T> {
    let mut client = pool.get().await?;
    let serializable = "SET SESSION CHARACTERISTICS AS TRANSACTION \
                        ISOLATION LEVEL SERIALIZABLE";
    client.batch_execute(serializable).await?;
    let tx = client.transaction().await?;
    let limit = limit.as_millis();
    tx.batch_execute(&format!("SET LOCAL statement_timeout = {limit}")).await?;
    let value = work(&tx).await?;
    tx.batch_execute("SELECT 1").await?;
    tx.commit().await?;
    Ok(value)
}
