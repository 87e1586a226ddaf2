//! A task keeps a result whose error type is `Box<dyn Error>`.

use std::error::Error;

#[tokio::main]
async fn main() {
    tokio::spawn(order("7")).await.unwrap();
}

async fn order(text: &str) {
    let seat = parse(text);
    match seat {
        Ok(number) => {
            save(number).await;
        }
        Err(error) => println!("{text}: {error}"),
    }
}

fn parse(text: &str) -> Result<u32, Box<dyn Error>> {
    Ok(text.parse()?)
}

async fn save(_number: u32) {}
