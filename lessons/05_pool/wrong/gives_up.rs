//! Wrong: returns an error if no connection is free at once.

use std::time::Duration;

use tokio::time::timeout;

async fn user(pool: &Pool, id: i32) -> Result<Option<(String, String)>> {
    let client = timeout(Duration::from_millis(50), pool.get()).await??;
    let query = "SELECT name, city FROM users WHERE id = $1";
    let Some(row) = client.query_opt(query, &[&id]).await? else { return Ok(None) };
    Ok(Some((row.try_get("name")?, row.try_get("city")?)))
}
