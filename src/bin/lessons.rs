//! The program of a plain `cargo run`: prints the lessons, and the commands that run and
//! check them.

use async_workbook::LESSONS;

fn main() {
    println!("To run a lesson:\n");
    for lesson in LESSONS {
        println!("  cargo run --example {:<15}  {}", lesson.name, lesson.question);
    }
    println!("\nTo work on the exercises:  cargo workbook");
    println!("To read the book:          cargo book serve --open");
}
