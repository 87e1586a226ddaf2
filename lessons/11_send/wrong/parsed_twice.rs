//! Wrong: parses once to look, and again for the value.

async fn reserve(text: String) -> bool {
    if service::parse(&text).is_ok() {
        let seat = service::parse(&text).unwrap_or_default();
        service::book(seat).await;
        return true;
    }
    let error = service::parse(&text).unwrap_err().to_string();
    service::report(&error).await;
    false
}
