//! Wrong: the thread wakes up every 5 ms to see whether the task has finished.

use std::time::Duration;

fn fetch_title(url: &str) -> Result<String> {
    let url = url.to_owned();
    let task = RUNTIME.spawn(async move { CLIENT.title(&url).await });
    while !task.is_finished() {
        thread::sleep(Duration::from_millis(5));
    }
    RUNTIME.block_on(task)?
}
