//! Wrong: checks the status of one of the two APIs only.

async fn guide(client: &Client, server: &web::Server, city: &str) -> Result<Guide> {
    let weather = async {
        let url = server.url(&format!("/api/weather/{city}"));
        client.get(url).send().await?.error_for_status()?.json().await
    };
    let events = async {
        let url = server.url(&format!("/api/events/{city}"));
        client.get(url).send().await?.json().await
    };
    let (weather, events) = tokio::try_join!(weather, events)?;
    Ok(Guide { city: city.to_owned(), weather, events })
}
