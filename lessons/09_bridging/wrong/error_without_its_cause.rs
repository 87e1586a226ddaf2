//! Wrong: every failure gets the same text.

use anyhow::anyhow;

fn fetch_title(url: &str) -> Result<String> {
    let title = RUNTIME.block_on(CLIENT.title(url));
    title.map_err(|_| anyhow!("could not fetch the title"))
}
