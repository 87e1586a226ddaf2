//! Wrong: reads the body in a task, which goes on when `fetch_all` is dropped.

async fn fetch(client: &Client, url: &str) -> Result<Weather, FetchError> {
    let response = client.get(url).timeout(DEADLINE).send().await?;
    let body = tokio::spawn(response.error_for_status()?.json());
    Ok(body.await.expect("it does not panic")?)
}
