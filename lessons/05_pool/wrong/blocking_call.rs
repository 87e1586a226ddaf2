//! Wrong: blocks the thread before the queries, as a password hash would.

async fn account(pool: &Pool, id: i32) -> Result<Option<Account>> {
    std::thread::sleep(std::time::Duration::from_millis(90));
    let (user, (orders, cents)) =
        tokio::try_join!(user(pool, id), orders(pool, id))?;
    Ok(user.map(|(name, city)| Account { name, city, orders, cents }))
}
