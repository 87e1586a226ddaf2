//! Wrong: accepts a response with an error status.

async fn fetch(client: &Client, url: &str) -> Result<Weather, FetchError> {
    let response = client.get(url).timeout(DEADLINE).send().await?;
    Ok(response.json().await?)
}
