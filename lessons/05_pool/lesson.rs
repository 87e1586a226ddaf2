//! 05 - Pool: how do pooled queries run together?
//!
//! Reads four users through a pool of three, in order; runs three slow queries on
//! one connection and on three; and shows what waits when a pool is too small.
//!
//! Run it with `cargo run --example 05_pool`, or give the pool another size:
//! `cargo run --example 05_pool -- --size 2`.

use std::time::Duration;

use anyhow::Result;
use deadpool_postgres::{Client, Manager, Pool, PoolError, Runtime, Timeouts};
use futures::future::try_join_all;
use tokio::time::{Instant, timeout};
use tokio_postgres::{Config, NoTls};
use tracing::{Instrument, info_span, instrument};

use async_workbook::{args, postgres, timeline};

// ANCHOR: pool
/// Builds a pool that opens connections on demand, at most `size`, and keeps them
/// open for reuse.
fn pool_of(size: usize, config: Config) -> Result<Pool> {
    let manager = Manager::new(config, NoTls);
    Ok(Pool::builder(manager).max_size(size).runtime(Runtime::Tokio1).build()?)
}
// ANCHOR_END: pool

// ANCHOR: user
/// Reads a user; `None` if there is no such id. The connection returns to the pool
/// when `client` goes out of scope.
async fn user(pool: &Pool, id: i32) -> Result<Option<String>> {
    let client = pool.get().await?;
    let query = "SELECT name, city FROM users WHERE id = $1";
    let row = client.query_opt(query, &[&id]).await?;
    let Some(row) = row else { return Ok(None) };
    let (name, city): (String, String) =
        (row.try_get("name")?, row.try_get("city")?);
    Ok(Some(format!("{name} in {city}")))
}
// ANCHOR_END: user

// ANCHOR: slow
const SLOW: Duration = Duration::from_millis(400);

/// A query that keeps the server busy for 400 ms.
#[instrument(skip(client), ret)]
async fn slow_query(client: &Client, query: u32) -> Result<()> {
    client.execute("SELECT pg_sleep(0.4)", &[]).await?;
    Ok(())
}

// ANCHOR: one
/// Runs three queries at once on one connection.
async fn on_one_connection(pool: &Pool) -> Result<()> {
    let client = pool.get().await?;
    try_join_all((1..=3).map(|query| slow_query(&client, query))).await?;
    Ok(())
}
// ANCHOR_END: one

// ANCHOR: three
/// Runs three queries at once, each on its own connection.
async fn on_three_connections(pool: &Pool) -> Result<()> {
    let queries = (1..=3).map(async |query| {
        let queue = info_span!(target: "queued", "pool.get", query);
        let client = pool.get().instrument(queue).await?;
        slow_query(&client, query).await
    });
    try_join_all(queries).await?;
    Ok(())
}
// ANCHOR_END: three
// ANCHOR_END: slow

// ANCHOR: nested
/// Holds one connection while it waits for another.
async fn caller(pool: &Pool) -> Result<()> {
    let first = pool.get().await?;
    first.execute("SELECT pg_sleep(0.1)", &[]).await?;
    let second = pool.get().await?;
    second.execute("SELECT 1", &[]).await?;
    Ok(())
}

async fn callers(pool: &Pool, number: usize) -> Result<&'static str> {
    let all = try_join_all((0..number).map(|_| caller(pool)));
    match timeout(Duration::from_secs(1), all).await {
        Ok(done) => done.map(|_| "done"),
        Err(_elapsed) => Ok("DEADLOCK"),
    }
}
// ANCHOR_END: nested

// ANCHOR: too_small
/// Requests a second connection from a pool of one, with a timeout.
async fn one_too_few(pool: &Pool) -> Result<()> {
    let _first = pool.get().await?;
    let wait = Some(Duration::from_millis(100));
    let limits = Timeouts { wait, ..Timeouts::default() };
    let second = pool.timeout_get(&limits);
    let (second, status) = tokio::join!(biased; second, async { pool.status() });
    println!(
        "  while it waits: {} available, {} waiting",
        status.available, status.waiting
    );
    match second {
        Ok(_client) => println!("  a second connection became free"),
        Err(PoolError::Timeout(_)) => println!("  after 100 ms: gave up waiting"),
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
// ANCHOR_END: too_small

/// Runs `work` and prints its duration in multiples of a slow query.
async fn measured(what: &str, work: impl Future<Output = Result<()>>) -> Result<()> {
    let start = Instant::now();
    work.await?;
    // Round down, because a busy machine only makes it longer. (The 50 ms allow for
    // the server's clock, which may differ from ours.)
    let times = (start.elapsed().as_millis() + 50) / SLOW.as_millis();
    println!("  {what:<18} {times} x 400 ms");
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let size = args::number("--size N", 3, 1..=20, "connections")?;
    // The database is another process, so this runs on the real clock. Rounding
    // makes every run print the same.
    let timeline = timeline::start().await.rounded_to(SLOW);
    let database = postgres::start().await?;
    let pool = pool_of(size, database.config())?;

    // ANCHOR: main
    println!("four ids through a pool of {size}");
    let users = try_join_all([1, 2, 3, 99].map(|id| user(&pool, id))).await?;
    for (id, user) in [1, 2, 3, 99].iter().zip(users) {
        println!("  {id}: {}", user.as_deref().unwrap_or("no such user"));
    }

    println!("\nthree queries of 400 ms");
    let one = on_one_connection(&pool).instrument(info_span!("one connection"));
    measured("one connection", one).await?;
    let three =
        on_three_connections(&pool).instrument(info_span!("a connection each"));
    measured("a connection each", three).await?;
    let status = pool.status();
    println!("  the pool: {} of {} open", status.size, status.max_size);
    println!(
        "            {} available, {} waiting",
        status.available, status.waiting
    );

    println!("\ncallers that need two connections each, on a pool of {size}");
    println!("  two callers:   {}", callers(&pool, 2).await?);
    println!("  three callers: {}", callers(&pool, 3).await?);

    println!("\na pool of one, two connections requested");
    one_too_few(&pool_of(1, database.config())?).await?;
    println!();
    // ANCHOR_END: main

    timeline.print();
    Ok(())
}
