//! Wrong: `main` has no runtime whose handle this could be.

use tokio::runtime::Handle;

fn fetch_title(url: &str) -> Result<String> {
    Handle::current().block_on(CLIENT.title(url))
}
