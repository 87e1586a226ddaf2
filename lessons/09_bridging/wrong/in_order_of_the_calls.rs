//! Wrong: a call returns only after all calls before it.

use std::sync::{Condvar, Mutex, PoisonError};

static TICKETS: Mutex<usize> = Mutex::new(0);
static TURN: Mutex<usize> = Mutex::new(0);
static NEXT: Condvar = Condvar::new();

fn fetch_title(url: &str) -> Result<String> {
    let ticket = {
        let mut tickets = TICKETS.lock().unwrap_or_else(PoisonError::into_inner);
        *tickets += 1;
        *tickets
    };
    let title = RUNTIME.block_on(CLIENT.title(url));
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let turn = NEXT.wait_while(turn, |turn| *turn + 1 != ticket);
    *turn.unwrap_or_else(PoisonError::into_inner) += 1;
    NEXT.notify_all();
    title
}
