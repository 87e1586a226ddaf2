//! Wrong: makes up the result instead of shrinking the photo.

async fn thumbnail(photo: String) -> Result<String> {
    Ok(format!("small {photo}"))
}
