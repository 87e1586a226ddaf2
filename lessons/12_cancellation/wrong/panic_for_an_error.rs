//! Wrong: `unwrap` in the task makes a panic of the bank's error.

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
        bank.send(amount).await.unwrap();
        taken.disarm();
    });
    Ok(sending.await?)
}
