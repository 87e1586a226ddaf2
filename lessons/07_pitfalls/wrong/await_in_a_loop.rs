//! Wrong: fixes four pitfalls, and still loads the photos in turn.

async fn album(photos: &[u32]) -> Vec<String> {
    let mut loaded = Vec::new();
    for &photo in photos {
        loaded.push(load(photo).await);
    }
    loaded
}
