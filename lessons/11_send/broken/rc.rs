//! Tasks share a value by `Rc`.

use std::rc::Rc;

#[tokio::main]
async fn main() {
    let prices = Rc::new(vec![3, 5, 8]);
    for shop in 0..4 {
        let prices = Rc::clone(&prices);
        tokio::spawn(async move {
            send(shop, &prices).await;
        });
    }
}

async fn send(_shop: u32, _prices: &[u32]) {}
