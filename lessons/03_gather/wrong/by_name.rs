//! Wrong: collects the guides in a map, where a city that occurs twice is there
//! once.

use std::collections::BTreeMap;

async fn guides(
    client: &Client,
    server: &web::Server,
    cities: &[&str],
) -> Vec<Result<Guide>> {
    let guides = cities
        .iter()
        .map(|city| async move { (*city, guide(client, server, city).await) });
    let mut by_name: BTreeMap<_, _> = join_all(guides).await.into_iter().collect();
    let places = cities.iter().filter_map(|city| by_name.remove(city));
    places.collect()
}
