//! 01 - exercise: predict an order, and find the lost lines.
//!
//! Check it with `cargo workbook check 01`; run it with
//! `cargo workbook run 01 --exercise`.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::sleep;
use tracing::instrument;

/// Part 1. Before you run anything, predict which letters `breakfast` writes to the
/// log, and in which order. Write them like "abc", and leave out those that it never
/// writes.
const ORDER: &str = "";

/// Logs one letter when it starts, and another 100 ms later. Do not change it.
async fn cook(log: &Log, started: &str, done: &str) {
    log.note(started);
    sleep(Duration::from_millis(100)).await;
    log.note(done);
}

/// The program of part 1. Do not change it.
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

/// Saves one line, which takes 10 ms per byte. Do not change it. (`#[instrument]`
/// lets the check draw when each line was saved.)
#[instrument(skip(log))]
async fn save(log: &Log, line: &str) {
    sleep(Duration::from_millis(10) * line.len() as u32).await;
    log.note(line);
}

/// Part 2. Saves a shopping list with `save`: first the title, then each item, then
/// the line `end`. Each line is saved exactly as it is, even if it is empty or like
/// another one, and after the one before it. All of them are saved when this
/// function returns.
///
/// It compiles without a warning, yet some lines are never saved. Fix it.
async fn save_list(log: &Log, title: &str, items: &[&str]) {
    let _title = save(log, title);
    for item in items {
        save(log, item).await;
    }
    drop(save(log, "end"));
}

/// The lines logged so far, in order. Clones share the same lines. Do not change it.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn note(&self, line: &str) {
        self.0.lock().expect("the lock is never poisoned").push(line.to_owned());
    }

    fn lines(&self) -> Vec<String> {
        self.0.lock().expect("the lock is never poisoned").clone()
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let log = Log::default();
    breakfast(&log).await;
    let logged = log.lines().concat();
    let pairs = ORDER.chars().zip(logged.chars());
    let right = pairs.take_while(|(yours, real)| yours == real).count();
    println!(
        "part 1: in {ORDER:?}, correct letters before the first mistake: {right}"
    );

    let log = Log::default();
    save_list(&log, "shopping", &["milk", "bread"]).await;
    println!("part 2: saved {:?}", log.lines());
}

#[cfg(test)]
mod check;
