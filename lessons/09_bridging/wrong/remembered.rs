//! Wrong: remembers the titles, so a page that has changed keeps the old one.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

static TITLES: Mutex<Option<HashMap<String, String>>> = Mutex::new(None);

fn fetch_title(url: &str) -> Result<String> {
    let titles = || TITLES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(title) = titles().get_or_insert_default().get(url) {
        return Ok(title.clone());
    }
    let title = RUNTIME.block_on(CLIENT.title(url))?;
    titles().get_or_insert_default().insert(url.to_owned(), title.clone());
    Ok(title)
}
