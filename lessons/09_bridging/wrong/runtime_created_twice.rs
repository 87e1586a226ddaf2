//! Wrong: unlocks between the look and the change, so calls that begin at the same time
//! create a runtime each.

use std::sync::{Arc, Mutex, PoisonError};

type Shared = Arc<(Runtime, Client)>;

static SHARED: Mutex<Option<Shared>> = Mutex::new(None);

fn shared() -> Result<Shared> {
    let lock = || SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(shared) = lock().clone() {
        return Ok(shared);
    }
    let shared = Arc::new((Runtime::new()?, Client::new()));
    *lock() = Some(shared.clone());
    Ok(shared)
}

fn fetch_title(url: &str) -> Result<String> {
    let shared = shared()?;
    let (runtime, client) = &*shared;
    runtime.block_on(client.title(url))
}
