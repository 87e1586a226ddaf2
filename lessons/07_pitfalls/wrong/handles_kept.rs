//! Wrong: keeps the tasks' handles and never awaits them.

use tokio::task::spawn;

async fn invite(friends: &[&str]) -> Result<()> {
    let mut handles = Vec::new();
    for &friend in friends {
        handles.push(spawn(mail(friend.to_owned())));
    }
    Ok(())
}
