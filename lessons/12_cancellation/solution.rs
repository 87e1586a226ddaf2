//! 12 - solution: a transfer that can be dropped.

mod bank;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::task::spawn;
use tokio::time::{sleep, timeout};

use bank::{Account, Bank};

const MS: Duration = Duration::from_millis(1);

/// An amount that was taken from an account. When this is dropped, the amount is put
/// back, unless the guard was disarmed.
struct Taken {
    account: Arc<Account>,
    amount: u64,
    armed: bool,
}

impl Taken {
    fn disarm(mut self) {
        self.armed = false;
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if self.armed {
            self.account.put_back(self.amount);
        }
    }
}

/// Moves an amount from an account to the bank, or fails and changes nothing.
/// Returns when that is decided, however long the bank takes, with the bank's error
/// if there is one, with or without added context.
///
/// - If there is too little in the account, it fails at once, without asking the
///   bank. The amount is taken first, so that no one else can spend it.
/// - It sends the amount once, when the bank has approved it. Other transfers do
///   not wait for this one.
/// - Dropped before the approval, it puts the money back at once, and sends
///   nothing. A request for approval may run on.
/// - Dropped later, it still moves everything or nothing, and finishes by itself.
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
    sending.await?
}

/// Drops a transfer after a while, and prints what is left a second later.
async fn show(after: u32) {
    let (account, bank) = (Arc::new(Account::new(100)), Arc::new(Bank::default()));
    let transfer = transfer(&account, &bank, 10);
    let outcome = match timeout(after * MS, transfer).await {
        Ok(result) => format!("{result:?}"),
        Err(_elapsed) => "dropped".to_owned(),
    };
    sleep(1000 * MS).await;
    let (here, there) = (account.balance(), bank.received());
    let sum = here + there;
    println!("{after:>3} ms: {outcome:<7}  {here:>3} + {there:>2} = {sum}");
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    for after in [50, 150, 250] {
        show(after).await;
    }
}

#[cfg(test)]
mod check;
