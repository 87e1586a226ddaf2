//! Wrong: leaves a task behind that still uses a connection.

async fn account(pool: &Pool, id: i32) -> Result<Option<Account>> {
    let mine = pool.clone();
    let orders = tokio::spawn(async move { orders(&mine, id).await });
    let Some((name, city)) = user(pool, id).await? else { return Ok(None) };
    let (orders, cents) = orders.await??;
    Ok(Some(Account { name, city, orders, cents }))
}
