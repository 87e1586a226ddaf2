//! Wrong: puts the blocking call into a task, which runs on the same thread.

use tokio::task::spawn;
use tracing::{Instrument, info_span};

async fn thumbnail(photo: String) -> Result<String> {
    let shrinking = async move { shrink(&photo) };
    Ok(spawn(shrinking.instrument(info_span!("shrink"))).await?)
}
