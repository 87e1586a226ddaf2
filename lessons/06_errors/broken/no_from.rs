//! There is no `From` impl with which the `?` could convert the error.

use reqwest::get;

enum Failure {
    Refused,
}

async fn fetch(url: &str) -> Result<(), Failure> {
    get(url).await?;
    Ok(())
}

#[tokio::main]
async fn main() {
    if let Err(Failure::Refused) = fetch("http://localhost").await {
        println!("refused");
    }
}
