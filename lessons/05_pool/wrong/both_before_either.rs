//! Wrong: waits for both connections before it uses either.

use deadpool_postgres::Client;

async fn user(client: &Client, id: i32) -> Result<Option<(String, String)>> {
    let query = "SELECT name, city FROM users WHERE id = $1";
    let Some(row) = client.query_opt(query, &[&id]).await? else { return Ok(None) };
    Ok(Some((row.try_get("name")?, row.try_get("city")?)))
}

async fn orders(client: &Client, id: i32) -> Result<(i64, i64)> {
    // The sum of no rows is NULL.
    let query =
        "SELECT count(*), coalesce(sum(cents), 0) FROM orders WHERE user_id = $1";
    let row = client.query_one(query, &[&id]).await?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}

async fn account(pool: &Pool, id: i32) -> Result<Option<Account>> {
    let (one, two) = tokio::try_join!(pool.get(), pool.get())?;
    let (user, (orders, cents)) =
        tokio::try_join!(user(&one, id), orders(&two, id))?;
    Ok(user.map(|(name, city)| Account { name, city, orders, cents }))
}
