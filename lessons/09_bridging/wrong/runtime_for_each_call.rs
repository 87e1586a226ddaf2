//! Wrong: a new runtime for each call. The connections of the client end with it.

fn fetch_title(url: &str) -> Result<String> {
    Runtime::new()?.block_on(CLIENT.title(url))
}
