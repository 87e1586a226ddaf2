//! Wrong: an `async` block around the blocking call, which keeps the thread as
//! before.

async fn thumbnail(photo: String) -> Result<String> {
    let shrinking = async { shrink(&photo) };
    Ok(shrinking.await)
}
