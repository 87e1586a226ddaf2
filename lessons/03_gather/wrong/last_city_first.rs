//! Wrong: takes the futures from the end of the list.

async fn guides(
    client: &Client,
    server: &web::Server,
    cities: &[&str],
) -> Vec<Result<Guide>> {
    let running = cities.iter().rev().map(|city| guide(client, server, city));
    join_all(running).await
}
