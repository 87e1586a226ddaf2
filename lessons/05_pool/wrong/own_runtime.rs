//! Wrong: queries the orders in a runtime of its own, on another thread.

async fn account(pool: &Pool, id: i32) -> Result<Option<Account>> {
    let same_pool = pool.clone();
    let orders = tokio::task::spawn_blocking(move || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_all().build()?.block_on(orders(&same_pool, id))
    });
    let orders = async { orders.await? };
    let (user, (orders, cents)) = tokio::try_join!(user(pool, id), orders)?;
    Ok(user.map(|(name, city)| Account { name, city, orders, cents }))
}
