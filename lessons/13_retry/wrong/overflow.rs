//! Wrong: 2 to the power of 32 does not fit into a `u32`.

async fn send(
    client: &Client,
    request: Request,
    deadline: Instant,
    random: &mut Random,
) -> Result<Value> {
    let mut factor = 1_u32;
    let mut last = None;
    loop {
        let again = request.try_clone().context("a stream cannot be sent again")?;
        let attempt = timeout_at(deadline, attempt(client, again)).await;
        let (error, retry_after) = match attempt {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(failure)) => failure,
            Err(elapsed) => return Err(last.unwrap_or(elapsed.into())),
        };
        let limit = CAP.min(BASE * factor);
        let wait = retry_after.unwrap_or_else(|| random.up_to(limit));
        let is_late = wait >= deadline.saturating_duration_since(Instant::now());
        if is_late || !may_retry(request.method(), &error) {
            return Err(error);
        }
        sleep(wait).await;
        last = Some(error);
        factor *= 2;
    }
}
