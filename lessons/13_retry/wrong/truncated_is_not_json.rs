//! Wrong: `is_decode` is also true if the connection breaks within the body.

fn may_retry(method: &Method, error: &anyhow::Error) -> bool {
    let Some(error) = error.downcast_ref::<reqwest::Error>() else { return false };
    match error.status().map(|status| status.as_u16()) {
        Some(408 | 429) => true,
        Some(500 | 502 | 503 | 504) => method.is_idempotent(),
        Some(_) => false,
        None if error.is_connect() => true,
        None if error.is_decode() => false,
        None => method.is_idempotent(),
    }
}
