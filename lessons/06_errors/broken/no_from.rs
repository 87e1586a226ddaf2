//! A `?` that nobody told how to make this error from that one.

use reqwest::get;

enum Failure {
    Refused,
}

async fn ask(url: &str) -> Result<(), Failure> {
    get(url).await?;
    Ok(())
}

#[tokio::main]
async fn main() {
    if let Err(Failure::Refused) = ask("http://localhost").await {
        println!("refused");
    }
}
