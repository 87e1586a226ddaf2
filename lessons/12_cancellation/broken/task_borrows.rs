//! The task may outlive its caller, so it cannot borrow from it.

use tokio::task::spawn;

#[tokio::main]
async fn main() {
    transfer(&mut [100, 0]).await;
}

async fn transfer(accounts: &mut [i64; 2]) {
    let halves = async {
        accounts[0] -= 10;
        accounts[1] += 10;
    };
    spawn(halves).await.unwrap();
}
