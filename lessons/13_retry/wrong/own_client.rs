//! Wrong: a new client for each attempt.

async fn attempt(
    _client: &Client,
    request: Request,
) -> Result<Value, (reqwest::Error, Option<Duration>)> {
    let client = Client::builder().no_proxy().build();
    let client = client.map_err(|error| (error, None))?;
    let response = client.execute(request).await.map_err(|error| (error, None))?;
    let retry_after = retry_after(&response);
    let response = response.error_for_status();
    let response = response.map_err(|error| (error, retry_after))?;
    response.json().await.map_err(|error| (error, None))
}
