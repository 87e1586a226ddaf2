//! Wrong: both answers are there, but the albums wait for the photos.

async fn search(word: &str) -> Vec<String> {
    vec![find("photos", word).await, find("albums", word).await]
}
