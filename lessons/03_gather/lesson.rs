use axum as _;
use deadpool_postgres as _;
use futures as _;
use serde_json as _;
use tracing_subscriber as _;
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    println!("{}", reqwest::get("http://127.0.0.1:1/").await.is_err());
    Ok(())
}
