//! Wrong: retries every failure, of every method.

fn may_retry(_: &Method, _: &anyhow::Error) -> bool {
    true
}
