//! Wrong: takes the seconds of `Retry-After` for milliseconds.

fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    Some(Duration::from_millis(seconds.parse().ok()?))
}
