//! Wrong: calls `select!` twice, which restarts both searches.

async fn search(word: &str) -> Vec<String> {
    let mut found = Vec::new();
    while found.len() < 2 {
        tokio::select! {
            biased;
            photos = find("photos", word) => found.push(photos),
            albums = find("albums", word) => found.push(albums),
        }
    }
    found
}
