//! Wrong: returns the guides in the order of completion.

use futures::stream::{FuturesUnordered, StreamExt};

async fn guides(
    client: &Client,
    server: &web::Server,
    cities: &[&str],
) -> Vec<Result<Guide>> {
    let all: FuturesUnordered<_> =
        cities.iter().map(|city| guide(client, server, city)).collect();
    all.collect().await
}
