//! Wrong: checks with `?` whether a task panicked, not whether its work failed.

use tokio::task::spawn;

async fn invite(friends: &[&str]) -> Result<()> {
    let mails = friends.iter().map(|&friend| spawn(mail(friend.to_owned())));
    for sent in join_all(mails).await {
        let _ = sent?;
    }
    Ok(())
}
