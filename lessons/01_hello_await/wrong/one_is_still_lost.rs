//! Wrong: the title is awaited, the last line is still dropped.

use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::sleep;
use tracing::instrument;

/// Part 1, to be done before you run anything: the letters that `breakfast` notes,
/// in the order in which it notes them, written like "abc". Those that it never
/// notes are left out.
const ORDER: &str = "afdegbcj";

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
// ANCHOR: wrong
async fn save_list(log: &Log, title: &str, items: &[&str]) {
    save(log, title).await;
    for item in items {
        save(log, item).await;
    }
    drop(save(log, "end"));
}
// ANCHOR_END: wrong

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

#[cfg(test)]
#[path = "../check.rs"]
mod check;
