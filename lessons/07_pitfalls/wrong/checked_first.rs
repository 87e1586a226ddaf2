//! Wrong: sends no mail at all if an address has no @.

async fn invite(friends: &[&str]) -> Result<()> {
    for friend in friends {
        anyhow::ensure!(friend.contains('@'), "{friend} has no @");
    }
    let mails = friends.iter().map(|&friend| mail(friend.to_owned()));
    join_all(mails).await.into_iter().collect()
}
