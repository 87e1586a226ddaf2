//! Wrong: fetches the weather of all cities, then their events: two rounds.

async fn guides(
    client: &Client,
    server: &web::Server,
    cities: &[&str],
) -> Vec<Result<Guide>> {
    let get = async |api: &str, city: &str| {
        let url = server.url(&format!("/api/{api}/{city}"));
        client.get(url).send().await?.error_for_status()
    };
    let weather = join_all(cities.iter().map(|city| get("weather", city))).await;
    let events = join_all(cities.iter().map(|city| get("events", city))).await;
    let mut guides = Vec::new();
    for (city, (weather, events)) in
        cities.iter().zip(weather.into_iter().zip(events))
    {
        guides.push(
            async {
                let (weather, events) =
                    (weather?.json().await?, events?.json().await?);
                Ok(Guide { city: city.to_string(), weather, events })
            }
            .await,
        );
    }
    guides
}
