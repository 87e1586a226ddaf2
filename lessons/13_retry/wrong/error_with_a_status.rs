//! Wrong: returns the last error that had a status, even if a later attempt failed otherwise.

async fn send(
    client: &Client,
    request: Request,
    deadline: Instant,
    random: &mut Random,
) -> Result<Value> {
    let mut retry = 0;
    let mut last = None;
    loop {
        let again = request.try_clone().context("a stream cannot be sent again")?;
        let attempt = timeout_at(deadline, attempt(client, again)).await;
        let (error, retry_after) = match attempt {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(failure)) => failure,
            Err(elapsed) => return Err(last.unwrap_or(elapsed.into())),
        };
        let limit = CAP.min(BASE * 2_u32.saturating_pow(retry));
        let wait = retry_after.unwrap_or_else(|| random.up_to(limit));
        let is_late = wait >= deadline.saturating_duration_since(Instant::now());
        if is_late || !may_retry(request.method(), &error) {
            let has_status = |error: &anyhow::Error| {
                let error = error.downcast_ref().and_then(reqwest::Error::status);
                error.is_some()
            };
            let is_body = !error.to_string().contains("sending");
            return Err(match last {
                Some(last) if is_body && !has_status(&error) => last,
                _ => error,
            });
        }
        sleep(wait).await;
        last = Some(error);
        retry += 1;
    }
}
