//! Wrong: checks the status of one of the two APIs only.

async fn events(
    client: &Client,
    server: &web::Server,
    city: &str,
) -> reqwest::Result<Vec<Event>> {
    let url = server.url(&format!("/api/events/{city}"));
    client.get(url).send().await?.json().await
}
