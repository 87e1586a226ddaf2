//! The `.await` is missing: `greet("Ada")` is a future, and no text yet.

#[tokio::main]
async fn main() {
    let greeting: String = greet("Ada");
    println!("{greeting}");
}

async fn greet(name: &str) -> String {
    format!("Hello, {name}!")
}
