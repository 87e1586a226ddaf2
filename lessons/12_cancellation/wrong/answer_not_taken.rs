//! Wrong: the task puts the money back only if no one can receive its result, but a
//! result that was sent may never be read.

use tokio::sync::oneshot;

async fn transfer(
    account: &Arc<Account>,
    bank: &Arc<Bank>,
    amount: u64,
) -> Result<()> {
    account.take(amount)?;
    let taken = Taken { account: Arc::clone(account), amount, armed: true };
    bank.approve(amount).await?;
    taken.disarm();

    let (result, decided) = oneshot::channel::<Result<()>>();
    let (other, bank) = (Arc::clone(account), Arc::clone(bank));
    spawn(async move {
        if let Err(Err(_)) = result.send(bank.send(amount).await) {
            other.put_back(amount);
        }
    });
    decided.await?.inspect_err(|_| account.put_back(amount))
}
