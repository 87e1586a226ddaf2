//! Wrong: resets the limit at the end, which a cancelled future does not reach.

use std::panic::AssertUnwindSafe;

use anyhow::anyhow;
use futures::FutureExt;

async fn with_tx<T>(
    pool: &Pool,
    limit: Duration,
    work: impl AsyncFnOnce(&Transaction<'_>) -> Result<T>,
) -> Result<T> {
    let mut client = pool.get().await?;
    let row = client.query_one("SHOW statement_timeout", &[]).await?;
    let before: String = row.try_get(0)?;
    let limit = limit.as_millis();
    client.batch_execute(&format!("SET statement_timeout = {limit}")).await?;
    let result = async {
        let tx = client.transaction().await?;
        let value = AssertUnwindSafe(work(&tx)).catch_unwind().await;
        let value = value.map_err(|_| anyhow!("the work has panicked"))??;
        tx.batch_execute("SELECT 1").await?;
        tx.commit().await?;
        Ok(value)
    };
    let result = result.await;
    let reset = format!("SET statement_timeout = '{before}'");
    let _ = client.batch_execute(&reset).await;
    result
}
