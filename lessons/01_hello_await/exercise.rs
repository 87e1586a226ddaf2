//! 01 - exercise: letters in order, and lines that are lost.
//!
//! Check it with `cargo workbook check 01`; run it with
//! `cargo run --example 01_hello_await_exercise`.

use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::sleep;
use tracing::instrument;

/// Part 1, to be done before you run anything: the letters that `breakfast` notes,
/// in the order in which it notes them, written like "abc". Those that it never
/// notes are left out.
const ORDER: &str = "";

/// Notes one letter when it begins, and another 100 ms later.
async fn cook(log: &Log, begun: &str, done: &str) {
    log.note(begun);
    sleep(Duration::from_millis(100)).await;
    log.note(done);
}

/// The program of part 1. It stays as it is.
async fn breakfast(log: &Log) {
    log.note("a");
    let tea = cook(log, "b", "c");
    let toast = cook(log, "d", "e");
    log.note("f");
    toast.await;
    log.note("g");
    let egg = cook(log, "h", "i");
    drop(egg);
    tea.await;
    log.note("j");
}

/// Saves one line, which takes 10 ms for each byte of it. It stays as it is.
/// (Because of `#[instrument]`, the check can draw who saved when.)
#[instrument(skip(log))]
async fn save(log: &Log, line: &str) {
    sleep(Duration::from_millis(10) * line.len() as u32).await;
    log.note(line);
}

/// Part 2: saves a shopping list. First its title, then each item, then the line
/// `end`, all with `save`; each begins when the one before it is saved. When this
/// function returns, all lines are saved.
///
/// It builds without a warning, and yet lines are lost. Mend it.
async fn save_list(log: &Log, title: &str, items: &[&str]) {
    let _title = save(log, title);
    for item in items {
        save(log, item).await;
    }
    drop(save(log, "end"));
}

/// Lines in the order in which they were noted. A clone shares them.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn note(&self, line: &str) {
        self.0.lock().expect("no panic while it is locked").push(line.to_owned());
    }

    fn lines(&self) -> Vec<String> {
        self.0.lock().expect("no panic while it is locked").clone()
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let log = Log::default();
    breakfast(&log).await;
    let noted = log.lines().concat();
    let pairs = ORDER.chars().zip(noted.chars());
    let right = pairs.take_while(|(yours, real)| yours == real).count();
    println!("part 1: in {ORDER:?}, letters that are right from the start: {right}");

    let log = Log::default();
    save_list(&log, "shopping", &["milk", "bread"]).await;
    println!("part 2: saved {:?}", log.lines());
}

#[cfg(test)]
mod check;
