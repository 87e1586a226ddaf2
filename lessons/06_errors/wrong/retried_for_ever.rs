//! Wrong: repeats a request until its status is not 503.

async fn fetch(client: &Client, url: &str) -> Result<Weather, FetchError> {
    loop {
        let response = client.get(url).timeout(DEADLINE).send().await?;
        if response.status() != StatusCode::SERVICE_UNAVAILABLE {
            return Ok(response.error_for_status()?.json().await?);
        }
    }
}
