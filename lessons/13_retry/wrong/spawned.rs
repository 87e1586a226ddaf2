//! Wrong: the runtime owns the attempt, so it goes on after the deadline.

use tokio::task::spawn;

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
        let client = client.clone();
        let attempt = spawn(async move { attempt(&client, again).await });
        let attempt = timeout_at(deadline, attempt).await;
        let (error, retry_after) = match attempt {
            Ok(Ok(Ok(value))) => return Ok(value),
            Ok(Ok(Err(failure))) => failure,
            Ok(Err(panic)) => return Err(panic.into()),
            Err(elapsed) => return Err(last.unwrap_or(elapsed.into())),
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
