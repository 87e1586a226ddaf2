//! Wrong: runs the cities together, but the two requests of a city in turn.

async fn guide(client: &Client, server: &web::Server, city: &str) -> Result<Guide> {
    let weather = async {
        let url = server.url(&format!("/api/weather/{city}"));
        client.get(url).send().await?.error_for_status()?.json().await
    };
    let events = async {
        let url = server.url(&format!("/api/events/{city}"));
        client.get(url).send().await?.error_for_status()?.json().await
    };
    let weather: reqwest::Result<_> = weather.await;
    let events: reqwest::Result<_> = events.await;
    let (weather, events) = (weather?, events?);
    Ok(Guide { city: city.to_owned(), weather, events })
}
