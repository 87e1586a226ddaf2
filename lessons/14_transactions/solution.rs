//! 14 - solution: a transaction around any work.

use std::time::Duration;

use anyhow::Result;
use deadpool_postgres::{Manager, Pool, Runtime, Transaction};
use tokio_postgres::NoTls;

use async_workbook::postgres;

/// Runs `work` in a transaction, on one connection of `pool`.
///
/// - If `work` returns a value, this commits and returns it. It returns an error
///   unless PostgreSQL has committed: after a failed statement, it answers COMMIT
///   with a rollback, even if `work` has ignored the error. (`work` itself ends
///   no transaction.)
/// - If `work` returns an error, this rolls back and returns that error, even if the
///   rollback fails. An added context is fine.
/// - In the transaction, PostgreSQL's `statement_timeout` is `limit`, which is in
///   whole milliseconds, at least 1. It has no other timeout, so the transaction as
///   a whole may take longer, and no other setting of it differs from the
///   connection's. Transactions on other connections do not wait for it.
/// - However this ends, also by a panic or because it is dropped: at that moment,
///   its connection is back in the pool. No transaction is open, no setting of the
///   connection has changed, and no task is left.
async fn with_tx<T>(
    pool: &Pool,
    limit: Duration,
    work: impl AsyncFnOnce(&Transaction<'_>) -> Result<T>,
) -> Result<T> {
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    let limit = limit.as_millis();
    tx.batch_execute(&format!("SET LOCAL statement_timeout = {limit}")).await?;
    let value = work(&tx).await?;
    // Fails if a statement has failed, which COMMIT does not report.
    tx.batch_execute("SELECT 1").await?;
    tx.commit().await?;
    Ok(value)
}

/// Moves cents from one account to another. The second UPDATE fails if that would
/// leave less than nothing.
async fn transfer(tx: &Transaction<'_>, cents: i32) -> Result<u64> {
    let update = "UPDATE accounts SET cents = cents + $1 WHERE name = $2";
    let linus = tx.execute(update, &[&cents, &"Linus"]).await?;
    let ada = tx.execute(update, &[&-cents, &"Ada"]).await?;
    Ok(linus + ada)
}

/// Prints the result of a transaction, and what the next user of the connection
/// finds.
async fn show<T>(what: &str, pool: &Pool, result: Result<T>) -> Result<()> {
    let client = pool.get().await?;
    let query = "SELECT string_agg(name || ' ' || cents, ', ' ORDER BY name),
                        current_setting('statement_timeout') FROM accounts";
    let row = client.query_one(query, &[]).await?;
    let (accounts, limit): (&str, &str) = (row.try_get(0)?, row.try_get(1)?);
    let result =
        result.map_or_else(|error| format!("{error:#}"), |_| "Ok".to_owned());
    println!("{what}: {result}\n  {accounts}; statement_timeout {limit}");
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let database = postgres::start().await?;
    let manager = Manager::new(database.config(), NoTls);
    // With one connection, a temporary table is enough.
    let pool =
        Pool::builder(manager).max_size(1).runtime(Runtime::Tokio1).build()?;
    let tables =
        "CREATE TEMPORARY TABLE accounts (name text, cents int CHECK (cents >= 0));
                  INSERT INTO accounts VALUES ('Ada', 100), ('Linus', 0)";
    pool.get().await?.batch_execute(tables).await?;

    let limit = Duration::from_millis(500);
    let result = with_tx(&pool, limit, async |tx| transfer(tx, 30).await).await;
    show("30 cents", &pool, result).await?;
    let result = with_tx(&pool, limit, async |tx| transfer(tx, 300).await).await;
    show("300 cents", &pool, result).await?;
    let ignores = async |tx: &Transaction<'_>| Ok(transfer(tx, 300).await.is_ok());
    let result = with_tx(&pool, limit, ignores).await;
    show("300 cents, the error ignored", &pool, result).await?;
    let slow = async |tx: &Transaction<'_>| {
        transfer(tx, 30).await?;
        Ok(tx.batch_execute("SELECT pg_sleep(2)").await?)
    };
    let result = with_tx(&pool, limit, slow).await;
    show("30 cents and a slow statement", &pool, result).await
}

#[cfg(test)]
mod check;
