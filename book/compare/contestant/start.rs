//! The least async program: lesson 01 without its lesson.

use anyhow::Result;
use std::time::Duration;

#[tokio::main(flavor = "current_thread")]
pub async fn main() -> Result<()> {
    tokio::time::sleep(Duration::ZERO).await;
    println!("hello");
    Ok(())
}
