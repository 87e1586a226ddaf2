//! Wrong: treats every status that is not from 200 to 299 as an error.

async fn fetch(client: &Client, url: &str) -> Result<Weather, FetchError> {
    let response = client.get(url).timeout(DEADLINE).send().await?;
    match response.status() {
        StatusCode::NOT_FOUND => Err(FetchError::NotFound),
        status if !status.is_success() => Err(FetchError::Status(status)),
        _ => Ok(response.json().await?),
    }
}
