//! A request can be sent once: sending it moves it.

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
        if let Ok(response) = client.execute(request).await {
            return response;
        }
    }
}
