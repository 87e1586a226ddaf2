//! 05 - solution: accounts from two tables.

use anyhow::Result;
use deadpool_postgres::{Manager, Pool, Runtime};
use futures::future::try_join_all;
use tokio_postgres::NoTls;

use async_workbook::postgres;

/// A user and a summary of their orders.
#[derive(Debug)]
struct Account {
    name: String,
    city: String,
    /// The number of orders, which may be 0.
    orders: i64,
    /// The sum of `cents` over all orders.
    cents: i64,
}

/// Reads a user's name and city.
async fn user(pool: &Pool, id: i32) -> Result<Option<(String, String)>> {
    let client = pool.get().await?;
    let query = "SELECT name, city FROM users WHERE id = $1";
    let Some(row) = client.query_opt(query, &[&id]).await? else { return Ok(None) };
    Ok(Some((row.try_get("name")?, row.try_get("city")?)))
}

/// Reads the number of a user's orders and the sum of their cents.
async fn orders(pool: &Pool, id: i32) -> Result<(i64, i64)> {
    let client = pool.get().await?;
    // The sum of no rows is NULL.
    let query =
        "SELECT count(*), coalesce(sum(cents), 0) FROM orders WHERE user_id = $1";
    let row = client.query_one(query, &[&id]).await?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}

/// Reads the account of the user `id`. Returns `None` if there is no such user, even
/// if there are orders with this `user_id`, and an error if a query fails.
///
/// - Queries `users` (`id`, `name`, `city`) and `orders` (`id`, `user_id`, `item`,
///   `cents`) at the same time, each on its own connection from `pool`. The ids and
///   `cents` have the SQL type `int`: `i32` in Rust.
/// - Never holds a connection while it waits for another. If only one is free, each
///   query takes it from the pool in turn.
/// - When it returns, also with an error, no task is left, and every connection is
///   back in the pool, with no transaction open.
/// - Does not change the pool.
async fn account(pool: &Pool, id: i32) -> Result<Option<Account>> {
    let (user, (orders, cents)) =
        tokio::try_join!(user(pool, id), orders(pool, id))?;
    Ok(user.map(|(name, city)| Account { name, city, orders, cents }))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let database = postgres::start().await?;
    let manager = Manager::new(database.config(), NoTls);
    let pool =
        Pool::builder(manager).max_size(4).runtime(Runtime::Tokio1).build()?;
    let ids = [1, 2, 3, 5, 99];
    let accounts = try_join_all(ids.map(|id| account(&pool, id))).await?;
    for (id, account) in ids.iter().zip(accounts) {
        match account {
            Some(Account { name, city, orders, cents }) => {
                println!("{id}: {name} in {city}, orders: {orders}, cents: {cents}");
            }
            None => println!("{id}: no such user"),
        }
    }
    let status = pool.status();
    println!(
        "connections: {} open, {} in use",
        status.size,
        status.size - status.available
    );
    Ok(())
}

#[cfg(test)]
mod check;
