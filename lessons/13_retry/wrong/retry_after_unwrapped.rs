//! Wrong: panics if `Retry-After` is not ASCII.

fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().unwrap();
    Some(Duration::from_secs(seconds.parse().ok()?))
}
