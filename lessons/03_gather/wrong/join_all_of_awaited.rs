//! Wrong: every future is awaited as it is made; `join_all` gets what is ready.

async fn guides(
    client: &Client,
    server: &web::Server,
    cities: &[&str],
) -> Vec<Result<Guide>> {
    let mut ready = Vec::new();
    for city in cities {
        let guide = guide(client, server, city).await;
        ready.push(async { guide });
    }
    join_all(ready).await
}
