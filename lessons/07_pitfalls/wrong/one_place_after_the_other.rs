//! Wrong: returns both results, but searches albums after photos.

async fn search(word: &str) -> Vec<String> {
    vec![find("photos", word).await, find("albums", word).await]
}
