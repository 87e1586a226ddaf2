//! Wrong: the task goes on without its caller, even before the approval.

async fn transfer(
    account: &Arc<Account>,
    bank: &Arc<Bank>,
    amount: u64,
) -> Result<()> {
    account.take(amount)?;
    let (account, bank) = (Arc::clone(account), Arc::clone(bank));
    let task = spawn(async move {
        let taken = Taken { account, amount, armed: true };
        bank.approve(amount).await?;
        bank.send(amount).await?;
        taken.disarm();
        Ok(())
    });
    task.await?
}
