//! Wrong: unwraps in a task, so that an unknown city is a panic.

async fn guides(
    client: &Client,
    server: &web::Server,
    cities: &[&str],
) -> Vec<Result<Guide>> {
    let tasks = cities.iter().map(|city| {
        let [weather, events] = ["weather", "events"]
            .map(|api| client.get(server.url(&format!("/api/{api}/{city}"))).send());
        let city = city.to_string();
        tokio::spawn(async move {
            let (weather, events) = tokio::join!(weather, events);
            let [weather, events] = [weather, events]
                .map(|response| response.unwrap().error_for_status().ok().unwrap());
            let weather = weather.json().await.unwrap();
            Guide { city, weather, events: events.json().await.unwrap() }
        })
    });
    let guides = join_all(tasks.collect::<Vec<_>>()).await;
    guides.into_iter().map(|guide| Ok(guide?)).collect()
}
