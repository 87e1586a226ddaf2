//! Wrong: a failure is an empty title.

fn fetch_title(url: &str) -> Result<String> {
    Ok(RUNTIME.block_on(CLIENT.title(url)).unwrap_or_default())
}
