//! Wrong: a POST is never retried, even if it was not sent.

fn may_retry(method: &Method, error: &anyhow::Error) -> bool {
    let Some(error) = error.downcast_ref::<reqwest::Error>() else { return false };
    let is_json = |source: &(dyn Error + 'static)| source.is::<serde_json::Error>();
    match error.status().map(|status| status.as_u16()) {
        Some(408 | 429) => true,
        Some(500 | 502 | 503 | 504) => method.is_idempotent(),
        Some(_) => false,
        None if error.is_connect() => method.is_idempotent(),
        None if error.source().is_some_and(is_json) => false,
        None => method.is_idempotent(),
    }
}
