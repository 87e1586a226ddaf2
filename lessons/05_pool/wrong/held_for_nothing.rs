//! Wrong: holds a connection while it waits for two others.

async fn account(pool: &Pool, id: i32) -> Result<Option<Account>> {
    let _client = pool.get().await?;
    let (user, (orders, cents)) =
        tokio::try_join!(user(pool, id), orders(pool, id))?;
    Ok(user.map(|(name, city)| Account { name, city, orders, cents }))
}
