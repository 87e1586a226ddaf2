//! Wrong: checks first whether there is a client, so calls that begin at the same time
//! create several.

use std::sync::OnceLock;

static SHARED: OnceLock<Client> = OnceLock::new();

fn fetch_title(url: &str) -> Result<String> {
    if SHARED.get().is_none() {
        let _ = SHARED.set(Client::new());
    }
    let client = SHARED.get().expect("it has been set");
    RUNTIME.block_on(client.title(url))
}
