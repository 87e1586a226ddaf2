//! Wrong: after a timeout, the amount may still arrive.

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
        timeout(5000 * MS, bank.send(amount)).await??;
        taken.disarm();
        Ok(())
    });
    sending.await?
}
