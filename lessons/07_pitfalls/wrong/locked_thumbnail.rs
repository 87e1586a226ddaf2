//! Wrong: `thumbnail` waits with a lock of `std` for the thread that shrinks the photo.

async fn thumbnail(photo: String) -> Result<String> {
    static SHRINKING: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let shrunk = tokio::task::spawn_blocking(move || {
        let _shrinking = SHRINKING.lock();
        shrink(&photo)
    });
    tokio::task::yield_now().await;
    drop(SHRINKING.lock());
    Ok(shrunk.await?)
}
