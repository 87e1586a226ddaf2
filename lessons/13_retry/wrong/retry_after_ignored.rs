//! Wrong: does not read `Retry-After`.

fn retry_after(_: &Response) -> Option<Duration> {
    None
}
