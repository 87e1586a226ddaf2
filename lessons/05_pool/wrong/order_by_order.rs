//! Wrong: takes a connection for each order while it holds the one for all of them.

async fn orders(pool: &Pool, id: i32) -> Result<(i64, i64)> {
    let client = pool.get().await?;
    let ids =
        client.query("SELECT id FROM orders WHERE user_id = $1", &[&id]).await?;
    let mut cents = 0;
    for row in &ids {
        let order: i32 = row.try_get("id")?;
        let query = "SELECT cents FROM orders WHERE id = $1";
        let row = pool.get().await?.query_one(query, &[&order]).await?;
        cents += i64::from(row.try_get::<_, i32>("cents")?);
    }
    Ok((ids.len() as i64, cents))
}
