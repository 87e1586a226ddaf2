//! A minimal async program.

use std::time::Duration;

use anyhow::Result;

#[tokio::main(flavor = "current_thread")]
pub async fn main() -> Result<()> {
    tokio::time::sleep(Duration::ZERO).await;
    println!("hello");
    Ok(())
}
