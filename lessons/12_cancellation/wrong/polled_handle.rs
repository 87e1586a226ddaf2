//! Wrong: looks at the task again and again instead of awaiting it.

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
        bank.send(amount).await?;
        taken.disarm();
        Ok(())
    });
    while !sending.is_finished() {
        sleep(MS / 10).await;
    }
    sending.await?
}
