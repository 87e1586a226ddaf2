//! Small queries through a pool, with tokio-postgres and deadpool.

use super::on_one_thread;
use crate::measure::{Measured, cpu, memory, minus, since};
use anyhow::{Context, Result, ensure};
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use futures::future::try_join_all;
use std::time::Instant;
use tokio_postgres::NoTls;

const QUERY: &str = "SELECT name, city FROM users WHERE id = $1";

/// Runs `queries` of them through pools of each of `sizes`, with as many that ask at
/// once as the pool has connections. With `clean`, a connection is reset before it is
/// lent again.
pub fn main(sizes: &str, queries: usize, times: usize, clean: bool) -> Result<()> {
    let method = if clean { RecyclingMethod::Clean } else { RecyclingMethod::Fast };
    let url = std::env::var("DATABASE_URL").context("which database?")?;
    on_one_thread(async {
        for size in sizes.split(',') {
            let size = size.parse()?;
            let recycling = ManagerConfig { recycling_method: method.clone() };
            let manager = Manager::from_config(url.parse()?, NoTls, recycling);
            let pool = Pool::builder(manager).max_size(size).build()?;
            together(&pool, size, size * 20).await?;
            let before = cpu();
            let mut values = Vec::new();
            for _ in 0..times {
                let start = Instant::now();
                together(&pool, size, queries).await?;
                values.push(since(start) * 1000.0 / queries as f64);
            }
            Measured {
                work: "queries".to_owned(),
                case: size.to_string(),
                values,
                cpu: minus(cpu(), before).map(|total| total / times as f64),
                server: None,
                peak: memory("VmHWM"),
            }
            .tell()?;
        }
        Ok(())
    })
}

async fn together(pool: &Pool, size: usize, queries: usize) -> Result<()> {
    let askers = (0..size).map(|_| asker(pool, queries / size));
    let letters: usize = try_join_all(askers).await?.iter().sum();
    // `Ada`, `Lisbon` and the rest of the sample table, each as often.
    ensure!(letters == queries / 5 * 51, "other users: {letters}");
    Ok(())
}

/// Takes a connection for each query and gives it back. Counts letters, so that no
/// answer goes unread.
async fn asker(pool: &Pool, queries: usize) -> Result<usize> {
    let mut letters = 0;
    for query in 0..queries as i32 {
        let client = pool.get().await?;
        let statement = client.prepare_cached(QUERY).await?;
        let row = client.query_one(&statement, &[&(query % 5 + 1)]).await?;
        let (name, city): (&str, &str) = (row.try_get(0)?, row.try_get(1)?);
        letters += name.len() + city.len();
    }
    Ok(letters)
}
