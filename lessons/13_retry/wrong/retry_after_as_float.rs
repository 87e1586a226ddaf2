//! Wrong: takes "NaN" and "inf" for numbers, which `from_secs_f64` panics for.

fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    Some(Duration::from_secs_f64(seconds.parse().ok()?))
}
