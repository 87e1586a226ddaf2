//! A request has no `clone`: its body may be a stream.

use reqwest::{Client, Request, Response};

#[tokio::main]
async fn main() -> reqwest::Result<()> {
    let client = Client::new();
    let request = client.get("http://localhost").build()?;
    send(&client, request).await;
    Ok(())
}

async fn send(client: &Client, request: Request) -> Response {
    loop {
        let attempt = client.execute(request.clone());
        if let Ok(response) = attempt.await {
            return response;
        }
    }
}
