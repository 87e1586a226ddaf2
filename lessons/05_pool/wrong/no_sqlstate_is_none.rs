//! Wrong: takes every error without an SQLSTATE for the one of `query_one` without a row.

async fn user(pool: &Pool, id: i32) -> Result<Option<(String, String)>> {
    let client = pool.get().await?;
    let query = "SELECT name, city FROM users WHERE id = $1";
    match client.query_one(query, &[&id]).await {
        Ok(row) => Ok(Some((row.try_get("name")?, row.try_get("city")?))),
        Err(error) if error.code().is_none() => Ok(None),
        Err(error) => Err(error.into()),
    }
}
