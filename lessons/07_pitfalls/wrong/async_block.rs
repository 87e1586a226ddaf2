//! Wrong: puts the blocking call into an `async` block, which still blocks the
//! thread.

async fn thumbnail(photo: String) -> Result<String> {
    let shrinking = async { shrink(&photo) };
    Ok(shrinking.await)
}
