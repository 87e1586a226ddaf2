//! Wrong: does not check the status, so a 404 becomes a JSON error.

async fn weather(
    client: &Client,
    server: &web::Server,
    city: &str,
) -> reqwest::Result<Weather> {
    let url = server.url(&format!("/api/weather/{city}"));
    client.get(url).send().await?.json().await
}

async fn events(
    client: &Client,
    server: &web::Server,
    city: &str,
) -> reqwest::Result<Vec<Event>> {
    let url = server.url(&format!("/api/events/{city}"));
    client.get(url).send().await?.json().await
}
