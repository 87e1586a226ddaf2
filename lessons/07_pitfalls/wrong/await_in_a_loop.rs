//! Wrong: four pitfalls are mended, and the photos are still loaded in turn.

async fn album(photos: &[u32]) -> Vec<String> {
    let mut loaded = Vec::new();
    for &photo in photos {
        loaded.push(load(photo).await);
    }
    loaded
}
