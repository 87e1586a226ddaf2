//! One `?` too few: the result of the work is inside that of the task.

use anyhow::Result;
use tokio::task::spawn;

#[tokio::main]
async fn main() -> Result<()> {
    let pages: u32 = spawn(count()).await?;
    println!("{pages}");
    Ok(())
}

async fn count() -> Result<u32> {
    Ok(7)
}
