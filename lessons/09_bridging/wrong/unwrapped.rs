//! Wrong: a failure is a panic.

fn fetch_title(url: &str) -> Result<String> {
    let title = RUNTIME.block_on(CLIENT.title(url));
    Ok(title.ok().expect("the page has a title"))
}
