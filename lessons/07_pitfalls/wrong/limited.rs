//! Wrong: `album` loads at most 300 photos at the same time.

use futures::StreamExt;

async fn album(photos: &[u32]) -> Vec<String> {
    let loads = photos.iter().map(|&photo| load(photo)).collect::<Vec<_>>();
    futures::stream::iter(loads).buffered(300).collect().await
}
