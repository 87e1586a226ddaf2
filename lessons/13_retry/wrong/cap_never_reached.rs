//! Wrong: doubles the limit only if it is then not above `CAP`: it stays at 800 ms.

async fn send(
    client: &Client,
    request: Request,
    deadline: Instant,
    random: &mut Random,
) -> Result<Value> {
    let mut limit = BASE;
    let mut last = None;
    loop {
        let again = request.try_clone().context("a stream cannot be sent again")?;
        let attempt = timeout_at(deadline, attempt(client, again)).await;
        let (error, retry_after) = match attempt {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(failure)) => failure,
            Err(elapsed) => return Err(last.unwrap_or(elapsed.into())),
        };
        let wait = retry_after.unwrap_or_else(|| random.up_to(limit));
        let is_late = wait >= deadline.saturating_duration_since(Instant::now());
        if is_late || !may_retry(request.method(), &error) {
            return Err(error);
        }
        sleep(wait).await;
        last = Some(error);
        if limit * 2 <= CAP {
            limit *= 2;
        }
    }
}
