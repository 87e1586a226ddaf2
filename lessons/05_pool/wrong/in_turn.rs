//! Wrong: queries the orders after the user.

async fn account(pool: &Pool, id: i32) -> Result<Option<Account>> {
    let Some((name, city)) = user(pool, id).await? else { return Ok(None) };
    let (orders, cents) = orders(pool, id).await?;
    Ok(Some(Account { name, city, orders, cents }))
}
