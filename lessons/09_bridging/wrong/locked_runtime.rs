//! Wrong: a lock around the runtime lets one call in at a time.

use std::sync::{Mutex, PoisonError};

static LOCKED: LazyLock<Mutex<Runtime>> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().enable_all().build();
    Mutex::new(runtime.expect("a runtime"))
});

fn fetch_title(url: &str) -> Result<String> {
    let runtime = LOCKED.lock().unwrap_or_else(PoisonError::into_inner);
    runtime.block_on(CLIENT.title(url))
}
