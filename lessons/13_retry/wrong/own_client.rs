//! Wrong: a new client for each attempt.

async fn attempt(
    _client: &Client,
    request: Request,
) -> Result<Value, (anyhow::Error, Option<Duration>)> {
    let client = Client::builder().no_proxy().build();
    let client = client.map_err(|e| (e.into(), None))?;
    let response = client.execute(request).await.map_err(|e| (e.into(), None))?;
    let retry_after = retry_after(&response);
    let response = response.error_for_status();
    let response = response.map_err(|e| (e.into(), retry_after))?;
    response.json().await.map_err(|e| (e.into(), None))
}
