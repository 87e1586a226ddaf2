//! Wrong: reads only whether the task panicked.

async fn transfer(
    account: &Arc<Account>,
    bank: &Arc<Bank>,
    amount: u64,
) -> Result<()> {
    account.take(amount)?;
    let account = Arc::clone(account);
    let taken = Taken { account, amount, armed: true };
    bank.approve(amount).await?;

    let bank = Arc::clone(bank);
    let sending = spawn(async move {
        if bank.send(amount).await.is_ok() {
            taken.disarm();
        }
    });
    Ok(sending.await?)
}
