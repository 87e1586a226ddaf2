//! The transaction borrows from a client that is dropped at the end of the line.

use anyhow::Result;
use deadpool_postgres::Pool;

async fn rename(pool: &Pool) -> Result<()> {
    let tx = pool.get().await?.transaction().await?;
    tx.execute("UPDATE users SET name = 'Ada'", &[]).await?;
    Ok(tx.commit().await?)
}

fn main() {}
