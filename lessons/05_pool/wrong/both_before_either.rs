//! Wrong: makes sure that two connections are free before it begins.

async fn account(pool: &Pool, id: i32) -> Result<Option<Account>> {
    drop(tokio::try_join!(pool.get(), pool.get())?);
    let (user, (orders, cents)) =
        tokio::try_join!(user(pool, id), orders(pool, id))?;
    Ok(user.map(|(name, city)| Account { name, city, orders, cents }))
}
