//! A closure that returns an async block, in place of an async closure.

use anyhow::Result;
use deadpool_postgres::{Pool, Transaction};

async fn with_tx(
    pool: &Pool,
    work: impl AsyncFnOnce(&Transaction<'_>) -> Result<()>,
) -> Result<()> {
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    work(&tx).await?;
    Ok(tx.commit().await?)
}

async fn rename(pool: &Pool) -> Result<()> {
    with_tx(pool, |tx| async move {
        tx.execute("UPDATE users SET name = 'Ada'", &[]).await?;
        Ok(())
    })
    .await
}

fn main() {}
