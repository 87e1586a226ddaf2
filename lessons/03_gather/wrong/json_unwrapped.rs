//! Wrong: handles the status, but panics if the body is malformed.

async fn weather(
    client: &Client,
    server: &web::Server,
    city: &str,
) -> reqwest::Result<Weather> {
    let url = server.url(&format!("/api/weather/{city}"));
    let response = client.get(url).send().await?.error_for_status()?;
    Ok(response.json().await.unwrap_or_else(|_| panic!("malformed JSON")))
}
