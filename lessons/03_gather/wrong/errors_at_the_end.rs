//! Wrong: moves the errors to the end of the list.

async fn guides(
    client: &Client,
    server: &web::Server,
    cities: &[&str],
) -> Vec<Result<Guide>> {
    let guides =
        join_all(cities.iter().map(|city| guide(client, server, city))).await;
    let (found, errors): (Vec<_>, Vec<_>) =
        guides.into_iter().partition(Result::is_ok);
    found.into_iter().chain(errors).collect()
}
