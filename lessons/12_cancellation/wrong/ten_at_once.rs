//! Wrong: lets ten tasks send at a time, so other transfers wait.

use tokio::sync::Semaphore;

static SENDING: Semaphore = Semaphore::const_new(10);

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
        let _permit = SENDING.acquire().await?;
        bank.send(amount).await?;
        taken.disarm();
        Ok(())
    });
    sending.await?
}
