//! Wrong: reads the digits at the beginning of `Retry-After`.

fn retry_after(response: &Response) -> Option<Duration> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    let digits = text.split(|c: char| !c.is_ascii_digit()).next()?;
    Some(Duration::from_secs(digits.parse().ok()?))
}
