//! Wrong: uses an inner join, which has no row for a user without orders.

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
