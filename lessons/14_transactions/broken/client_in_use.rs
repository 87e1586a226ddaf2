//! The client is used while a transaction on it is open.

use anyhow::Result;
use deadpool_postgres::Pool;

async fn rename(pool: &Pool) -> Result<()> {
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    client.execute("UPDATE users SET name = 'Ada'", &[]).await?;
    Ok(tx.commit().await?)
}

fn main() {}
