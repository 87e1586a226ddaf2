//! Wrong: `Drop` puts the money back while the bank is handling the request.

async fn transfer(
    account: &Arc<Account>,
    bank: &Arc<Bank>,
    amount: u64,
) -> Result<()> {
    account.take(amount)?;
    let account = Arc::clone(account);
    let taken = Taken { account, amount, armed: true };
    bank.approve(amount).await?;
    bank.send(amount).await?;
    taken.disarm();
    Ok(())
}
