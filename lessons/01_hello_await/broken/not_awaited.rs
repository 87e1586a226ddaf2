//! The `.await` is missing: `greet("Ada")` is a future, not a `String`.

#[tokio::main]
async fn main() {
    let greeting: String = greet("Ada");
    println!("{greeting}");
}

async fn greet(name: &str) -> String {
    format!("Hello, {name}!")
}
