//! Wrong: one transaction at a time, however many connections there are.

async fn with_tx<T>(
    pool: &Pool,
    limit: Duration,
    work: impl AsyncFnOnce(&Transaction<'_>) -> Result<T>,
) -> Result<T> {
    static ONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    let _one = ONE.lock().await;
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    let set = format!("SET LOCAL statement_timeout = {}", limit.as_millis());
    tx.batch_execute(&set).await?;
    let value = work(&tx).await?;
    tx.batch_execute("SELECT 1").await?;
    tx.commit().await?;
    Ok(value)
}
