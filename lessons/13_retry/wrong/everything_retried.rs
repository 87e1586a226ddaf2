//! Wrong: retries every failure, of every method.

fn may_retry(_: &Method, _: &reqwest::Error) -> bool {
    true
}
