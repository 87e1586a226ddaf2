//! Wrong: the deadline covers the headers, and not the body.

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
        let attempt = attempt(client, again, deadline).await;
        let (error, retry_after) = match attempt {
            Ok(value) => return Ok(value),
            Err(Some(failure)) => failure,
            Err(None) => return Err(last.unwrap_or(anyhow!("too slow"))),
        };
        let limit = CAP.min(BASE * 2_u32.saturating_pow(retry));
        let wait = retry_after.unwrap_or_else(|| random.up_to(limit));
        let is_late = wait >= deadline.saturating_duration_since(Instant::now());
        if is_late || !may_retry(request.method(), &error) {
            return Err(error);
        }
        sleep(wait).await;
        last = Some(error);
        retry += 1;
    }
}

async fn attempt(
    client: &Client,
    request: Request,
    deadline: Instant,
) -> Result<Value, Option<(anyhow::Error, Option<Duration>)>> {
    let response = timeout_at(deadline, client.execute(request)).await;
    let response = response.map_err(|_elapsed| None)?;
    let response = response.map_err(|e| Some((e.into(), None)))?;
    let retry_after = retry_after(&response);
    let response = response.error_for_status();
    let response = response.map_err(|e| Some((e.into(), retry_after)))?;
    response.json().await.map_err(|e| Some((e.into(), None)))
}
