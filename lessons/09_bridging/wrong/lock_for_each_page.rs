//! Wrong: calls for the same page wait for each other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

type Pages = Mutex<HashMap<String, Arc<Mutex<()>>>>;

static PAGES: LazyLock<Pages> = LazyLock::new(Pages::default);

fn fetch_title(url: &str) -> Result<String> {
    let mut pages = PAGES.lock().unwrap_or_else(PoisonError::into_inner);
    let page = pages.entry(url.to_owned()).or_default().clone();
    drop(pages);
    let _guard = page.lock().unwrap_or_else(PoisonError::into_inner);
    RUNTIME.block_on(CLIENT.title(url))
}
