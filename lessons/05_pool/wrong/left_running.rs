//! Wrong: after an error, leaves the other task behind, which still uses a
//! connection.

async fn account(pool: &Pool, id: i32) -> Result<Option<Account>> {
    let (one, other) = (pool.clone(), pool.clone());
    let user = tokio::spawn(async move { user(&one, id).await });
    let orders = tokio::spawn(async move { orders(&other, id).await });
    let (user, (orders, cents)) =
        tokio::try_join!(async { user.await? }, async { orders.await? })?;
    Ok(user.map(|(name, city)| Account { name, city, orders, cents }))
}
