//! Wrong: runs the cities together, but the two requests of a city in turn.

async fn guide(client: &Client, server: &web::Server, city: &str) -> Result<Guide> {
    let weather = weather(client, server, city).await;
    let events = events(client, server, city).await;
    Ok(Guide { city: city.to_owned(), weather: weather?, events: events? })
}
