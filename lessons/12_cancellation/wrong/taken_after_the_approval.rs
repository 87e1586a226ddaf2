//! Wrong: others can spend the money while the approval is pending.

use anyhow::ensure;

async fn transfer(
    account: &Arc<Account>,
    bank: &Arc<Bank>,
    amount: u64,
) -> Result<()> {
    ensure!(account.balance() >= amount, "there is too little");
    bank.approve(amount).await?;
    account.take(amount)?;
    let (account, bank) = (Arc::clone(account), Arc::clone(bank));
    let sending = spawn(async move {
        let result = bank.send(amount).await;
        result.inspect_err(|_| account.put_back(amount))
    });
    sending.await?
}
