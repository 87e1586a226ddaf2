//! Wrong: collects the photos in a map, which keeps one of each number.

use std::collections::HashMap;

async fn album(photos: &[u32]) -> Vec<String> {
    let loading = photos.iter().map(async |&photo| (photo, load(photo).await));
    let mut loaded: HashMap<_, _> = join_all(loading).await.into_iter().collect();
    photos.iter().filter_map(|photo| loaded.remove(photo)).collect()
}
