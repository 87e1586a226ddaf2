//! Wrong: spawns the transfer, and no one reads its result.

async fn transfer(
    account: &Arc<Account>,
    bank: &Arc<Bank>,
    amount: u64,
) -> Result<()> {
    account.take(amount)?;
    let (account, bank) = (Arc::clone(account), Arc::clone(bank));
    spawn(async move {
        let taken = Taken { account, amount, armed: true };
        bank.approve(amount).await?;
        bank.send(amount).await?;
        taken.disarm();
        anyhow::Ok(())
    });
    Ok(())
}
