//! Wrong: runs both queries at once on one connection.

use tokio_postgres::types::ToSql;

async fn account(pool: &Pool, id: i32) -> Result<Option<Account>> {
    let client = pool.get().await?;
    let id: &[&(dyn ToSql + Sync)] = &[&id];
    let query =
        "SELECT count(*), coalesce(sum(cents), 0) FROM orders WHERE user_id = $1";
    let (user, orders) = tokio::try_join!(
        client.query_opt("SELECT name, city FROM users WHERE id = $1", id),
        client.query_one(query, id),
    )?;
    let Some(user) = user else { return Ok(None) };
    let (name, city) = (user.try_get(0)?, user.try_get(1)?);
    let (orders, cents) = (orders.try_get(0)?, orders.try_get(1)?);
    Ok(Some(Account { name, city, orders, cents }))
}
