//! Wrong: turns every error into `None`.

async fn user(pool: &Pool, id: i32) -> Result<Option<(String, String)>> {
    let client = pool.get().await?;
    let query = "SELECT name, city FROM users WHERE id = $1";
    let Ok(row) = client.query_one(query, &[&id]).await else { return Ok(None) };
    Ok(Some((row.try_get("name")?, row.try_get("city")?)))
}
