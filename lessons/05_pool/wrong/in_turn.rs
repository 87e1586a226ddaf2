//! Wrong: the orders are asked when the user is there.

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

/// The name and the city of a user.
async fn user(pool: &Pool, id: i32) -> Result<Option<(String, String)>> {
    let client = pool.get().await?;
    let query = "SELECT name, city FROM users WHERE id = $1";
    let Some(row) = client.query_opt(query, &[&id]).await? else { return Ok(None) };
    Ok(Some((row.try_get("name")?, row.try_get("city")?)))
}

/// How many orders a user has, and their cents together.
async fn orders(pool: &Pool, id: i32) -> Result<(i64, i64)> {
    let client = pool.get().await?;
    // The sum of no rows is NULL.
    let query =
        "SELECT count(*), coalesce(sum(cents), 0) FROM orders WHERE user_id = $1";
    let row = client.query_one(query, &[&id]).await?;
    Ok((row.try_get(0)?, row.try_get(1)?))
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
    let Some((name, city)) = user(pool, id).await? else { return Ok(None) };
    let (orders, cents) = orders(pool, id).await?;
    Ok(Some(Account { name, city, orders, cents }))
}

#[cfg(test)]
#[path = "../check.rs"]
mod check;
