//! 05 - exercise: accounts, each from two tables.
//!
//! Check it with `cargo workbook check 05`; run it with
//! `cargo run --example 05_pool_exercise`. Both need PostgreSQL, as the lesson does.

use anyhow::Result;
use async_workbook::postgres;
use deadpool_postgres::{Manager, Pool};
use futures::future::try_join_all;
use tokio_postgres::NoTls;

/// A user, and what they have ordered.
#[derive(Debug)]
struct Account {
    name: String,
    city: String,
    /// How many orders; there may be none.
    orders: i64,
    /// The `cents` of all orders together.
    cents: i64,
}

/// The account of the user `id`: `None` if nobody has that id, and an error if
/// anything fails.
///
/// - It asks `users` (`id`, `name`, `city`) and `orders` (`id`, `user_id`, `item`,
///   `cents`) at the same time, each on a connection of its own from `pool`.
/// - It never holds a connection while it waits for another: a pool of one is
///   enough.
/// - Every connection goes back, with no transaction open.
async fn account(pool: &Pool, id: i32) -> Result<Option<Account>> {
    // This asks one table, and throws the answer away. The rest is yours.
    let client = pool.get().await?;
    client.query("SELECT name, city FROM users WHERE id = $1", &[&id]).await?;
    todo!("ask both tables, and put the answers together")
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let database = postgres::start().await?;
    let manager = Manager::new(database.config(), NoTls);
    let pool = Pool::builder(manager).max_size(4).build()?;
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
        "connections: {} open, {} lent",
        status.size,
        status.size - status.available
    );
    Ok(())
}

#[cfg(test)]
mod check;
