//! Wrong: reports the status when the body is no JSON, but does not check it.

use anyhow::Context;
use serde::de::DeserializeOwned;

async fn get<T: DeserializeOwned>(client: &Client, url: String) -> Result<T> {
    let response = client.get(url).send().await?;
    let status = response.status();
    response.json().await.with_context(|| format!("status {status}"))
}

async fn guide(client: &Client, server: &web::Server, city: &str) -> Result<Guide> {
    let (weather, events) = tokio::try_join!(
        get(client, server.url(&format!("/api/weather/{city}"))),
        get(client, server.url(&format!("/api/events/{city}")))
    )?;
    Ok(Guide { city: city.to_owned(), weather, events })
}
