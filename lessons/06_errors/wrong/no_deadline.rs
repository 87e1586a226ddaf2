//! Wrong: has no deadline.

#[expect(dead_code, reason = "that is what is wrong")]
const DEADLINE: Duration = Duration::from_millis(500);

async fn fetch(client: &Client, url: &str) -> Result<Weather, FetchError> {
    let response = client.get(url).send().await?;
    Ok(response.error_for_status()?.json().await?)
}
