//! Wrong: holds the user's connection while it waits for the orders'.

async fn account(pool: &Pool, id: i32) -> Result<Option<Account>> {
    let client = pool.get().await?;
    let query = "SELECT name, city FROM users WHERE id = $1";
    let Some(row) = client.query_opt(query, &[&id]).await? else { return Ok(None) };
    let (orders, cents) = orders(pool, id).await?;
    let (name, city) = (row.try_get("name")?, row.try_get("city")?);
    Ok(Some(Account { name, city, orders, cents }))
}
