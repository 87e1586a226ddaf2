//! Wrong: the task sends the amount, but the caller reads its result.

async fn transfer(
    account: &Arc<Account>,
    bank: &Arc<Bank>,
    amount: u64,
) -> Result<()> {
    account.take(amount)?;
    let taken = Taken { account: Arc::clone(account), amount, armed: true };
    bank.approve(amount).await?;
    taken.disarm();
    let bank = Arc::clone(bank);
    let sending = spawn(async move { bank.send(amount).await });
    let result = sending.await?;
    result.inspect_err(|_| account.put_back(amount))
}
