//! Wrong: takes a failed `get` for an unknown user.

async fn user(pool: &Pool, id: i32) -> Result<Option<(String, String)>> {
    let Ok(client) = pool.get().await else { return Ok(None) };
    let query = "SELECT name, city FROM users WHERE id = $1";
    let Some(row) = client.query_opt(query, &[&id]).await? else { return Ok(None) };
    Ok(Some((row.try_get("name")?, row.try_get("city")?)))
}
