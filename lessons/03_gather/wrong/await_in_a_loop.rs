//! Wrong: awaits each city before it requests the next.

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
