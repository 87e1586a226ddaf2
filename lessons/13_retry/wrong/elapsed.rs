//! Wrong: at the deadline, the error of the last attempt is lost.

async fn send(
    client: &Client,
    request: Request,
    deadline: Instant,
    random: &mut Random,
) -> Result<Value> {
    let attempts = async {
        let mut retry = 0;
        loop {
            let again = request.try_clone().context("a stream")?;
            let (error, retry_after) = match attempt(client, again).await {
                Ok(value) => return Ok(value),
                Err(failure) => failure,
            };
            if !may_retry(request.method(), &error) {
                return Err(error);
            }
            let limit = CAP.min(BASE * 2_u32.saturating_pow(retry));
            sleep(retry_after.unwrap_or_else(|| random.up_to(limit))).await;
            retry += 1;
        }
    };
    timeout_at(deadline, attempts).await?
}
