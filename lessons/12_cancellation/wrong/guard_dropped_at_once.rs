//! Wrong: `let _ =` drops the guard at once.

async fn transfer(
    account: &Arc<Account>,
    bank: &Arc<Bank>,
    amount: u64,
) -> Result<()> {
    account.take(amount)?;
    let account = Arc::clone(account);
    let _ = Taken { account, amount, armed: true };
    bank.approve(amount).await?;
    let bank = Arc::clone(bank);
    spawn(async move { bank.send(amount).await }).await?
}
