//! Wrong: sorts the outputs by their own value.

async fn gather_limited<F>(limit: usize, futures: Vec<F>) -> Vec<F::Output>
where
    F: Future<Output: Ord>,
{
    let mut outputs: Vec<_> =
        stream::iter(futures).buffer_unordered(limit).collect().await;
    outputs.sort();
    outputs
}

/// Fetches a page and returns its status.
async fn status(client: Client, url: String) -> Result<u16, String> {
    let response = client.get(url).send().await;
    response.map(|page| page.status().as_u16()).map_err(|error| error.to_string())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let server = web::Server::start().await?;
    let client = Client::builder().no_proxy().build()?;
    let pages = (1..=12).map(|page| server.url(&format!("/page/{page}?limit=4")));
    let fetches = pages.map(|url| status(client.clone(), url)).collect();
    println!("{:?}, {:?}", gather_limited(4, fetches).await, Instant::now());
    Ok(())
}
