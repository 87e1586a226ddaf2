//! Small queries through a pool, with tokio-postgres and deadpool.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use futures::future::try_join_all;
use tokio_postgres::NoTls;

use super::on_one_thread;
use crate::sample::{Sample, cpu, memory, millis_since, minus};

const QUERY: &str = "SELECT name, city FROM users WHERE id = $1";

/// Runs `queries` queries through pools of each of the `sizes`, from as many
/// concurrent workers as the pool has connections. With `clean`, the pool resets a
/// connection before it hands it out again.
pub fn main(sizes: &str, queries: usize, times: usize, clean: bool) -> Result<()> {
    let method = if clean { RecyclingMethod::Clean } else { RecyclingMethod::Fast };
    let url = std::env::var("DATABASE_URL").context("DATABASE_URL is not set")?;
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
                values.push(millis_since(start) * 1000.0 / queries as f64);
            }
            Sample {
                benchmark: "queries".to_owned(),
                case: size.to_string(),
                values,
                cpu: minus(cpu(), before).map(|total| total / times as f64),
                server: None,
                peak: memory("VmHWM"),
            }
            .print()?;
        }
        Ok(())
    })
}

async fn together(pool: &Pool, size: usize, queries: usize) -> Result<()> {
    let workers = (0..size).map(|_| worker(pool, queries / size));
    let letters: usize = try_join_all(workers).await?.iter().sum();
    // All five rows of the sample table, equally often, have 51 letters.
    ensure!(letters == queries / 5 * 51, "unexpected rows: {letters} letters");
    Ok(())
}

/// Takes a connection from the pool for each query. Counts the letters of the rows,
/// so that none goes unread.
async fn worker(pool: &Pool, queries: usize) -> Result<usize> {
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
