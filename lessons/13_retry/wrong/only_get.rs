//! Wrong: retries GET, but not PUT, which may be repeated as well.

fn may_retry(method: &Method, error: &anyhow::Error) -> bool {
    let Some(error) = error.downcast_ref::<reqwest::Error>() else { return false };
    let is_json = |source: &(dyn Error + 'static)| source.is::<serde_json::Error>();
    match error.status().map(|status| status.as_u16()) {
        Some(408 | 429) => true,
        Some(500 | 502 | 503 | 504) => method == Method::GET,
        Some(_) => false,
        None if error.is_connect() => true,
        None if error.source().is_some_and(is_json) => false,
        None => method == Method::GET,
    }
}
