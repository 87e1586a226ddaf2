//! Wrong: uses the runtime of the caller if there is one.

use tokio::runtime::Handle;

fn fetch_title(url: &str) -> Result<String> {
    match Handle::try_current() {
        Ok(handle) => handle.block_on(CLIENT.title(url)),
        Err(_) => RUNTIME.block_on(CLIENT.title(url)),
    }
}
