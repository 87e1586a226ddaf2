//! Wrong: the task that cancels what takes much too long lives on, and cancels a
//! statement of the next user of the connection.

use tokio::time::sleep;

async fn with_tx<T>(
    pool: &Pool,
    limit: Duration,
    work: impl AsyncFnOnce(&Transaction<'_>) -> Result<T>,
) -> Result<T> {
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    let millis = limit.as_millis();
    tx.batch_execute(&format!("SET LOCAL statement_timeout = {millis}")).await?;
    let token = tx.cancel_token();
    tokio::spawn(async move {
        sleep(100 * limit).await;
        let _ = token.cancel_query(NoTls).await;
    });
    let value = work(&tx).await?;
    tx.batch_execute("SELECT 1").await?;
    tx.commit().await?;
    Ok(value)
}
