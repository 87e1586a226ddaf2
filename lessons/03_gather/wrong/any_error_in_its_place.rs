//! Wrong: gives a city without a guide any of the errors.

use anyhow::Context;
use futures::stream::{FuturesUnordered, StreamExt};

async fn guides(
    client: &Client,
    server: &web::Server,
    cities: &[&str],
) -> Vec<Result<Guide>> {
    let mut all: FuturesUnordered<_> =
        cities.iter().map(|city| guide(client, server, city)).collect();
    let (mut guides, mut errors) = (Vec::new(), Vec::new());
    while let Some(result) = all.next().await {
        match result {
            Ok(guide) => guides.push(guide),
            Err(error) => errors.push(error),
        }
    }
    cities
        .iter()
        .map(|city| match guides.iter().position(|guide| guide.city == *city) {
            Some(index) => Ok(guides.swap_remove(index)),
            None => errors.pop().context("no error").and_then(Err),
        })
        .collect()
}
