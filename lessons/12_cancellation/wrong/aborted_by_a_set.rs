//! Wrong: the caller owns the set, so dropping the caller aborts the task.

use anyhow::Context;
use tokio::task::JoinSet;

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
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        bank.send(amount).await?;
        taken.disarm();
        Ok(())
    });
    tasks.join_next().await.context("there is one task")??
}
