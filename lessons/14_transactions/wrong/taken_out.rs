//! Wrong: takes the connection out of the pool, so that no one gets its settings.

use deadpool_postgres::Object;

async fn with_tx<T>(
    pool: &Pool,
    limit: Duration,
    work: impl AsyncFnOnce(&Transaction<'_>) -> Result<T>,
) -> Result<T> {
    let mut client = Object::take(pool.get().await?);
    let limit = limit.as_millis();
    client.batch_execute(&format!("SET statement_timeout = {limit}")).await?;
    let tx = client.transaction().await?;
    let value = work(&tx).await?;
    tx.batch_execute("SELECT 1").await?;
    tx.commit().await?;
    Ok(value)
}
