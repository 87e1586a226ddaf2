//! Wrong: cancels the statement itself, and limits the transaction as a whole.

use std::pin::pin;

use tokio::time::timeout;

async fn with_tx<T>(
    pool: &Pool,
    limit: Duration,
    work: impl AsyncFnOnce(&Transaction<'_>) -> Result<T>,
) -> Result<T> {
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    let token = tx.cancel_token();
    let value = async {
        let mut work = pin!(work(&tx));
        if let Ok(value) = timeout(limit, &mut work).await {
            return value;
        }
        token.cancel_query(NoTls).await?;
        work.await
    };
    let value = value.await?;
    tx.batch_execute("SELECT 1").await?;
    tx.commit().await?;
    Ok(value)
}
