//! Wrong: stops waiting for the other mails when one fails.

use futures::future::try_join_all;

async fn invite(friends: &[&str]) -> Result<()> {
    let mails = friends.iter().map(|&friend| mail(friend.to_owned()));
    try_join_all(mails).await?;
    Ok(())
}
