//! Wrong: takes a connection out of the pool for good.

use deadpool_postgres::Object;

async fn user(pool: &Pool, id: i32) -> Result<Option<(String, String)>> {
    let client = Object::take(pool.get().await?);
    let query = "SELECT name, city FROM users WHERE id = $1";
    let Some(row) = client.query_opt(query, &[&id]).await? else { return Ok(None) };
    Ok(Some((row.try_get("name")?, row.try_get("city")?)))
}
