//! Wrong: one runtime, but each call opens a connection.

fn fetch_title(url: &str) -> Result<String> {
    RUNTIME.block_on(Client::new().title(url))
}
