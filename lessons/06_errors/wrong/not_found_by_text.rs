//! Wrong: decides by the text of the response what NotFound is.

async fn fetch(client: &Client, url: &str) -> Result<Weather, FetchError> {
    let response = client.get(url).timeout(DEADLINE).send().await?;
    let failed = response.error_for_status_ref().err();
    let text = response.text().await?;
    match failed {
        _ if text.starts_with("no such city") => Err(FetchError::NotFound),
        Some(error) => Err(error.into()),
        None => serde_json::from_str(&text)
            .map_err(|error| FetchError::NotJson(error.into())),
    }
}
