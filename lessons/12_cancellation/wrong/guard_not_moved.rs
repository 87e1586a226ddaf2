//! Wrong: `async move` moves only the field that it uses, so the guard stays with
//! the caller.

async fn transfer(
    account: &Arc<Account>,
    bank: &Arc<Bank>,
    amount: u64,
) -> Result<()> {
    account.take(amount)?;
    let account = Arc::clone(account);
    let mut taken = Taken { account, amount, armed: true };
    bank.approve(amount).await?;

    let bank = Arc::clone(bank);
    let sending = spawn(async move {
        bank.send(amount).await?;
        taken.armed = false;
        Ok(())
    });
    sending.await?
}
