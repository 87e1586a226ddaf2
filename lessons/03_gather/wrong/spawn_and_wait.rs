//! Wrong: spawns each request, and awaits each task before it spawns the next.

async fn guide(client: &Client, server: &web::Server, city: &str) -> Result<Guide> {
    let get = |api: &str| {
        let url = server.url(&format!("/api/{api}/{city}"));
        client.get(url).send()
    };
    let weather = tokio::spawn(get("weather")).await??.error_for_status()?;
    let events = tokio::spawn(get("events")).await??.error_for_status()?;
    let (weather, events) = (weather.json().await?, events.json().await?);
    Ok(Guide { city: city.to_owned(), weather, events })
}

async fn guides(
    client: &Client,
    server: &web::Server,
    cities: &[&str],
) -> Vec<Result<Guide>> {
    let mut guides = Vec::new();
    for city in cities {
        guides.push(guide(client, server, city).await);
    }
    guides
}
