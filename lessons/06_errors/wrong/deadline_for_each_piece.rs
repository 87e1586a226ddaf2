//! Wrong: gives each piece of the body a deadline of its own.

use tokio::time::error::Elapsed;
use tokio::time::timeout;

async fn fetch(client: &Client, url: &str) -> Result<Weather, FetchError> {
    let slow = |elapsed: Elapsed| FetchError::TooSlow(elapsed.into());
    let sent = timeout(DEADLINE, client.get(url).send());
    let mut response = sent.await.map_err(slow)??.error_for_status()?;
    let mut body = Vec::new();
    while let Some(piece) =
        timeout(DEADLINE, response.chunk()).await.map_err(slow)??
    {
        body.extend_from_slice(&piece);
    }
    serde_json::from_slice(&body).map_err(|error| FetchError::NotJson(error.into()))
}
