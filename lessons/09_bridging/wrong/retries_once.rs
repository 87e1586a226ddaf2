//! Wrong: calls `Client::title` again after an error.

fn fetch_title(url: &str) -> Result<String> {
    let title = RUNTIME.block_on(CLIENT.title(url));
    title.or_else(|_| RUNTIME.block_on(CLIENT.title(url)))
}
