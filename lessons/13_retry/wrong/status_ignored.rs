//! Wrong: a status is not an error before `error_for_status`.

async fn attempt(
    client: &Client,
    request: Request,
) -> Result<Value, (anyhow::Error, Option<Duration>)> {
    let response = client.execute(request).await.map_err(|e| (e.into(), None))?;
    response.json().await.map_err(|e| (e.into(), None))
}
