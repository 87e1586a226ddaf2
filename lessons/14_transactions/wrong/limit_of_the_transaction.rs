//! Wrong: limits the transaction as well as each statement.

use tokio::time::timeout;

async fn with_tx<T>(
    pool: &Pool,
    limit: Duration,
    work: impl AsyncFnOnce(&Transaction<'_>) -> Result<T>,
) -> Result<T> {
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    let millis = limit.as_millis();
    tx.batch_execute(&format!("SET LOCAL statement_timeout = {millis}")).await?;
    let value = timeout(limit, work(&tx)).await??;
    tx.batch_execute("SELECT 1").await?;
    tx.commit().await?;
    Ok(value)
}
