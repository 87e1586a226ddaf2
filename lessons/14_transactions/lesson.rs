//! 14 - Transactions: what survives a cancelled request?
//!
//! Cancels a request between INSERT and COMMIT, gives up on a query that the server
//! runs, commits after an ignored error, and runs three queries on a transaction.
//!
//! Run it with `cargo run --example 14_transactions`, or give the query more time:
//! `cargo run --example 14_transactions -- --limit 800`.

use std::pin::pin;
use std::time::Duration;

use anyhow::{Context, Result};
use deadpool_postgres::{Client, Manager, Pool, Runtime};
use tokio::time::{Instant, error::Elapsed, sleep, timeout};
use tokio_postgres::{Config, Error, NoTls};
use tracing::{Instrument, info_span, instrument};

use async_workbook::{args, postgres, timeline};

/// All times are printed in multiples of this.
const UNIT: Duration = Duration::from_millis(400);

fn pool_of(size: usize, config: Config) -> Result<Pool> {
    let manager = Manager::new(config, NoTls);
    Ok(Pool::builder(manager).max_size(size).runtime(Runtime::Tokio1).build()?)
}

const ORDER: &str = "INSERT INTO sales VALUES (1)";
const NEXT_ORDER: &str = "INSERT INTO sales VALUES (2)";

/// Asks another service for a payment, which takes 800 ms.
async fn payment() {
    sleep(2 * UNIT).await;
}

// ANCHOR: by_hand
async fn by_hand(pool: &Pool) -> Result<()> {
    let client = pool.get().await?;
    client.batch_execute("BEGIN").await?;
    client.execute(ORDER, &[]).await?;
    payment().await;
    client.batch_execute("COMMIT").await?;
    Ok(())
}
// ANCHOR_END: by_hand

// ANCHOR: guarded
async fn guarded(pool: &Pool) -> Result<()> {
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    tx.execute(ORDER, &[]).await?;
    payment().await;
    tx.commit().await?;
    Ok(())
}
// ANCHOR_END: guarded

// ANCHOR: cancelled
/// Cancels a request after 400 ms, and prints what the next user of its connection
/// finds, and whether that user's own order is saved.
async fn cancelled(
    what: &str,
    pool: &Pool,
    observer: &Client,
    request: impl Future<Output = Result<()>>,
) -> Result<()> {
    let _elapsed = timeout(UNIT, request).await;

    let next = pool.get().await?; // the same connection
    let rows = count(&next, "sales").await?;
    let open = count(observer, "pool WHERE state = 'idle in transaction'").await?;
    next.execute(NEXT_ORDER, &[]).await?;
    let saved = count(observer, "sales WHERE id = 2").await?;
    println!("  {what} idle in transaction {open}, rows {rows}, saved {saved}");
    Ok(next.batch_execute("ROLLBACK").await?)
}
// ANCHOR_END: cancelled

async fn count(client: &Client, from: &str) -> Result<i64> {
    let query = format!("SELECT count(*) FROM {from}");
    Ok(client.query_one(&query, &[]).await?.try_get(0)?)
}

const LONG: &str = "SELECT pg_sleep(1.2)"; // 1200 ms
const SHORT: &str = "SELECT pg_sleep(0.4)";

#[instrument(skip_all, ret)]
async fn query(client: &tokio_postgres::Client, sql: &str) -> Result<(), Error> {
    client.batch_execute(sql).await
}

// ANCHOR: limits
// ANCHOR: only_timeout
async fn only_timeout(client: &mut Client, limit: Duration) -> Result<()> {
    timeout(limit, query(client, LONG)).await??;
    Ok(())
}
// ANCHOR_END: only_timeout

// ANCHOR: cancel_query
async fn cancel_query(client: &mut Client, limit: Duration) -> Result<()> {
    let mut query = pin!(query(client, LONG));
    if let Ok(result) = timeout(limit, &mut query).await {
        return Ok(result?);
    }
    client.cancel_token().cancel_query(NoTls).await?;
    query.await?; // the cancel request ends whatever runs on the connection
    Ok(())
}
// ANCHOR_END: cancel_query

// ANCHOR: statement_timeout
async fn statement_timeout(client: &mut Client, limit: Duration) -> Result<()> {
    let tx = client.transaction().await?;
    let limit = limit.as_millis();
    tx.batch_execute(&format!("SET LOCAL statement_timeout = {limit}")).await?;
    query(tx.client(), LONG).await?;
    tx.commit().await?;
    Ok(())
}
// ANCHOR_END: statement_timeout
// ANCHOR_END: limits

/// Prints how a query with a limit ends, and whether the server is still running it.
/// Returns the time at which the connection had answered the next query.
#[instrument(name = "", skip_all, fields(message = what), ret)]
async fn limited(
    what: &str,
    pool: &Pool,
    observer: &Client,
    query: impl AsyncFnOnce(&mut Client) -> Result<()>,
) -> Result<String> {
    let start = Instant::now();
    let mut client = pool.get().await?;
    let outcome = match query(&mut client).await {
        Ok(()) => "done".to_owned(),
        Err(error) if error.is::<Elapsed>() => "Elapsed".to_owned(),
        Err(error) => sql_state(&error)?,
    };
    drop(client); // the pool may hand it out again
    let ended = units(start);
    let active = still_active(observer).await?;
    let next = pool.get().await?;
    // It takes no time itself: it waits for the query before it.
    let answer = next.batch_execute("SELECT 1");
    answer.instrument(info_span!(target: "queued", "next query")).await?;
    println!(
        "  {:<18} {outcome:<7} after {ended}, active {active}",
        format!("{what}:")
    );
    Ok(units(start))
}

/// The five characters with which PostgreSQL names the kind of an error.
fn sql_state(error: &anyhow::Error) -> Result<String> {
    let error = error.downcast_ref::<Error>().context("not an error of a query")?;
    let state =
        error.code().with_context(|| format!("not from the server: {error}"))?;
    Ok(state.code().to_owned())
}

/// Counts the connections whose query is running. An error reaches the client a
/// moment before the query has ended, so this waits for that, for at most 100 ms.
async fn still_active(observer: &Client) -> Result<i64> {
    let start = Instant::now();
    loop {
        let active = count(observer, "pool WHERE state = 'active'").await?;
        if active == 0 || start.elapsed() > UNIT / 4 {
            return Ok(active);
        }
        sleep(UNIT / 40).await;
    }
}

// ANCHOR: ignored
async fn ignored(client: &mut Client) -> Result<()> {
    let tx = client.transaction().await?;
    tx.execute(ORDER, &[]).await?;
    let _ = tx.execute(ORDER, &[]).await; // duplicate key
    tx.commit().await?;
    Ok(())
}
// ANCHOR_END: ignored

// ANCHOR: savepoint
async fn in_savepoint(client: &mut Client) -> Result<()> {
    let mut tx = client.transaction().await?;
    tx.execute(ORDER, &[]).await?;
    let savepoint = tx.transaction().await?;
    let _ = savepoint.execute(ORDER, &[]).await;
    savepoint.rollback().await?;
    tx.commit().await?;
    Ok(())
}
// ANCHOR_END: savepoint

// ANCHOR: joined
async fn on_one_transaction(pool: &Pool) -> Result<()> {
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    let query = || query(tx.client(), SHORT);
    tokio::try_join!(biased; query(), query(), query())?;
    tx.commit().await?;
    Ok(())
}
// ANCHOR_END: joined

async fn on_three_connections(pool: &Pool) -> Result<()> {
    let query = async || anyhow::Ok(query(&*pool.get().await?, SHORT).await?);
    tokio::try_join!(biased; query(), query(), query())?;
    Ok(())
}

/// The time since `start` in multiples of 400 ms, rounded down: a busy machine only
/// makes it longer. (The 50 ms allow for the server's clock.)
fn units(start: Instant) -> String {
    format!("{} x 400 ms", (start.elapsed().as_millis() + 50) / UNIT.as_millis())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let limit = Duration::from_millis(args::number(
        "--limit MS",
        400,
        100..=10_000,
        "milliseconds",
    )?);
    // The database is another process, so this runs on the real clock. Rounding
    // makes every run print the same.
    let timeline = timeline::start().await.rounded_to(UNIT);
    let database = postgres::start().await?;
    let pool = pool_of(3, database.config().application_name("sales").clone())?;

    // A connection of its own. Another run of this program waits for the lock, until
    // this connection is closed.
    let observer = pool_of(1, database.config())?.get().await?;
    observer
        .batch_execute(
            "SELECT pg_advisory_lock(14);
             DROP TABLE IF EXISTS sales;
             CREATE TABLE sales (id int PRIMARY KEY);
             CREATE TEMPORARY VIEW pool AS SELECT state FROM pg_stat_activity
                 WHERE application_name = 'sales'",
        )
        .await?;

    println!("a request is cancelled between INSERT and COMMIT");
    cancelled("BEGIN by hand:", &pool, &observer, by_hand(&pool)).await?;
    cancelled("transaction():", &pool, &observer, guarded(&pool)).await?;

    println!("\na query of 1200 ms, with a limit of {} ms", limit.as_millis());
    let only = async |client: &mut Client| only_timeout(client, limit).await;
    let only = limited("only_timeout", &pool, &observer, only).await?;
    let cancel = async |client: &mut Client| cancel_query(client, limit).await;
    let cancel = limited("cancel_query", &pool, &observer, cancel).await?;
    let server = async |client: &mut Client| statement_timeout(client, limit).await;
    let server = limited("statement_timeout", &pool, &observer, server).await?;

    println!("\nthe next query on that connection is answered");
    println!("  only_timeout:      after {only}");
    println!("  cancel_query:      after {cancel}");
    println!("  statement_timeout: after {server}");

    println!("\nan INSERT fails, and the error is ignored");
    for (what, savepoint) in [("commit():", false), ("with a savepoint:", true)] {
        observer.batch_execute("TRUNCATE sales").await?;
        let mut client = pool.get().await?;
        match savepoint {
            false => ignored(&mut client).await?,
            true => in_savepoint(&mut client).await?,
        }
        println!("  {what:<17} Ok, rows {}", count(&observer, "sales").await?);
    }

    println!("\nthree queries of 400 ms");
    let start = Instant::now();
    on_one_transaction(&pool).instrument(info_span!("one transaction")).await?;
    println!("  one transaction:   {}", units(start));
    let start = Instant::now();
    on_three_connections(&pool).instrument(info_span!("three connections")).await?;
    println!("  three connections: {}\n", units(start));

    timeline.print();
    Ok(observer.batch_execute("DROP TABLE sales").await?)
}
