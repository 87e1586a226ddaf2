//! 05 - exercise: accounts from two tables.
//!
//! Check it with `cargo workbook check 05`; run it with
//! `cargo workbook run 05 --exercise`. Both need PostgreSQL, like the lesson.

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
    // This queries one table and discards the result. Write the rest.
    let client = pool.get().await?;
    client.query("SELECT name, city FROM users WHERE id = $1", &[&id]).await?;
    todo!("query both tables and combine the results")
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
