//! Wrong: `Drop` only spawns a task that puts the money back.

impl Drop for Taken {
    fn drop(&mut self) {
        if self.armed {
            let (account, amount) = (Arc::clone(&self.account), self.amount);
            spawn(async move { account.put_back(amount) });
        }
    }
}
