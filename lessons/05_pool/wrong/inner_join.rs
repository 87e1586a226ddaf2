//! Wrong: a join, which has no row for a user without orders.

use anyhow::Result;
use deadpool_postgres::Pool;

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
    let client = pool.get().await?;
    let query = "SELECT name, city, count(*), sum(cents) \
                 FROM users JOIN orders ON orders.user_id = users.id \
                 WHERE users.id = $1 GROUP BY users.id";
    let Some(row) = client.query_opt(query, &[&id]).await? else { return Ok(None) };
    let (name, city) = (row.try_get(0)?, row.try_get(1)?);
    let (orders, cents) = (row.try_get(2)?, row.try_get(3)?);
    Ok(Some(Account { name, city, orders, cents }))
}

#[cfg(test)]
#[path = "../check.rs"]
mod check;
