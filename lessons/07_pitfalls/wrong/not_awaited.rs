//! Wrong: does not await what `spawn_blocking` returns.

async fn thumbnail(photo: String) -> Result<String> {
    let original = photo.clone();
    spawn_blocking(move || shrink(&original));
    Ok(photo)
}
