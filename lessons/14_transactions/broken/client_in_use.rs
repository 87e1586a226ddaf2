//! The client is used while a transaction on it is open.

use anyhow::Result;
use deadpool_postgres::Pool;

async fn rename(pool: &Pool) -> Result<()> {
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    let query = client.batch_execute("UPDATE users SET name = 'Ada'");
    tx.commit().await?;
    Ok(query.await?)
}

fn main() {}
