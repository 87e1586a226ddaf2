//! Wrong: applies the deadline only until the headers arrive.

use tokio::time::timeout;

async fn fetch(client: &Client, url: &str) -> Result<Weather, FetchError> {
    let sent = timeout(DEADLINE, client.get(url).send());
    let response = sent.await.map_err(|up| FetchError::TooSlow(up.into()))??;
    Ok(response.error_for_status()?.json().await?)
}
