//! Wrong: puts the money back after its own timeout only. The caller's timeout is a
//! drop.

async fn transfer(
    account: &Arc<Account>,
    bank: &Arc<Bank>,
    amount: u64,
) -> Result<()> {
    account.take(amount)?;
    let sent = async {
        bank.approve(amount).await?;
        bank.send(amount).await
    };
    let result = match timeout(5000 * MS, sent).await {
        Ok(result) => result,
        Err(elapsed) => Err(elapsed.into()),
    };
    result.inspect_err(|_| account.put_back(amount))
}
