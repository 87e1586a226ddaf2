//! Wrong: returns early between `BEGIN` and `COMMIT`.

async fn user(pool: &Pool, id: i32) -> Result<Option<(String, String)>> {
    let client = pool.get().await?;
    client.batch_execute("BEGIN").await?;
    let query = "SELECT name, city FROM users WHERE id = $1";
    let Some(row) = client.query_opt(query, &[&id]).await? else { return Ok(None) };
    client.batch_execute("COMMIT").await?;
    Ok(Some((row.try_get("name")?, row.try_get("city")?)))
}
