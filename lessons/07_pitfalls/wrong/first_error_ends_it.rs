//! Wrong: the first mail that fails ends the waiting for the others.

use futures::future::try_join_all;

async fn invite(friends: &[&str]) -> Result<()> {
    let mails = friends.iter().map(|&friend| mail(friend.to_owned()));
    try_join_all(mails).await?;
    Ok(())
}
