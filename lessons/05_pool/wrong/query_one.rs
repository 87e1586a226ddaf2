//! Wrong: returns an error for an unknown id.

async fn user(pool: &Pool, id: i32) -> Result<Option<(String, String)>> {
    let client = pool.get().await?;
    let query = "SELECT name, city FROM users WHERE id = $1";
    let row = client.query_one(query, &[&id]).await?;
    Ok(Some((row.try_get("name")?, row.try_get("city")?)))
}
