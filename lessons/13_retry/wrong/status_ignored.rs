//! Wrong: a status is not an error before `error_for_status`.

async fn attempt(
    client: &Client,
    request: Request,
) -> Result<Value, (reqwest::Error, Option<Duration>)> {
    let response = client.execute(request).await.map_err(|error| (error, None))?;
    response.json().await.map_err(|error| (error, None))
}
