//! Wrong: a lock keeps others out, but a drop still comes between the two halves.

use tokio::sync::Mutex;

static LOCK: Mutex<()> = Mutex::const_new(());

async fn transfer(
    account: &Arc<Account>,
    bank: &Arc<Bank>,
    amount: u64,
) -> Result<()> {
    let _guard = LOCK.lock().await;
    account.take(amount)?;
    let sent = async {
        bank.approve(amount).await?;
        bank.send(amount).await
    };
    sent.await.inspect_err(|_| account.put_back(amount))
}
