//! Wrong: a new runtime for each call, and a new client, whose connections end with it.

fn fetch_title(url: &str) -> Result<String> {
    Runtime::new()?.block_on(Client::new().title(url))
}
