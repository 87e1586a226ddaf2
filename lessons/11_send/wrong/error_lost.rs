//! Wrong: discards the error, because it is not `Send`.

async fn reserve(text: String) -> bool {
    let parsed = service::parse(&text).ok();
    match parsed {
        Some(seat) => {
            service::book(seat).await;
            true
        }
        None => {
            service::report(&format!("{text}: not a number")).await;
            false
        }
    }
}
