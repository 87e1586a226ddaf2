//! Wrong: awaits every future in the loop; `join_all` gets only ready ones.

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
