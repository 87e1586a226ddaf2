//! Wrong: begins a transaction, and never ends it.

async fn orders(pool: &Pool, id: i32) -> Result<(i64, i64)> {
    let client = pool.get().await?;
    client.batch_execute("BEGIN").await?;
    let query =
        "SELECT count(*), coalesce(sum(cents), 0) FROM orders WHERE user_id = $1";
    let row = client.query_one(query, &[&id]).await?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}
