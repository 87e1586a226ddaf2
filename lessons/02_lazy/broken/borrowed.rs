//! A spawned task borrows from the function that spawns it.

#[tokio::main]
async fn main() {
    let name = String::from("Ada");
    let task = tokio::spawn(async {
        println!("Hello, {name}!");
    });
    task.await.unwrap();
}
