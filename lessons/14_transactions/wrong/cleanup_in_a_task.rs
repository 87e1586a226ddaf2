//! Wrong: a task resets the limit when the future is dropped, which may be too late.

struct Reset(Pool);

impl Drop for Reset {
    fn drop(&mut self) {
        let pool = self.0.clone();
        tokio::spawn(async move {
            let client = pool.get().await?;
            client.batch_execute("RESET statement_timeout").await?;
            anyhow::Ok(())
        });
    }
}
async fn with_tx<T>(
    pool: &Pool,
    limit: Duration,
    work: impl AsyncFnOnce(&Transaction<'_>) -> Result<T>,
) -> Result<T> {
    let mut client = pool.get().await?;
    let _reset = Reset(pool.clone());
    let limit = limit.as_millis();
    client.batch_execute(&format!("SET statement_timeout = {limit}")).await?;
    let tx = client.transaction().await?;
    let value = work(&tx).await?;
    tx.batch_execute("SELECT 1").await?;
    tx.commit().await?;
    Ok(value)
}
