//! Wrong: the handles of the tasks are kept, and nobody awaits them.

use tokio::task::spawn;

async fn invite(friends: &[&str]) -> Result<()> {
    let mut handles = Vec::new();
    for &friend in friends {
        handles.push(spawn(mail(friend.to_owned())));
    }
    Ok(())
}
