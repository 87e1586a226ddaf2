//! Wrong: waits for the smaller of two random times.

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
        let mut time = || random.up_to(limit).min(random.up_to(limit));
        let wait = retry_after.unwrap_or_else(&mut time);
        let is_late = wait >= deadline.saturating_duration_since(Instant::now());
        if is_late || !may_retry(request.method(), &error) {
            return Err(error);
        }
        sleep(wait).await;
        last = Some(error);
        retry += 1;
    }
}
