//! Wrong: reads the sum of no rows, which is NULL, as a number.

async fn orders(pool: &Pool, id: i32) -> Result<(i64, i64)> {
    let client = pool.get().await?;
    let query = "SELECT count(*), sum(cents) FROM orders WHERE user_id = $1";
    let row = client.query_one(query, &[&id]).await?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}
