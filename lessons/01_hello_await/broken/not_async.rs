//! An `.await` in a function that is not async.

fn main() {
    greet("Ada").await;
}

async fn greet(name: &str) {
    println!("Hello, {name}!");
}
