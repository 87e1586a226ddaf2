//! Wrong: returns the photos in the order of completion.

use futures::stream::{FuturesUnordered, StreamExt};

async fn album(photos: &[u32]) -> Vec<String> {
    let loading: FuturesUnordered<_> =
        photos.iter().map(|&photo| load(photo)).collect();
    loading.collect().await
}
