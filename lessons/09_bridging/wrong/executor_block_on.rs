//! Wrong: this executor has no sockets and no timers. In `spawn_blocking`, the ones of
//! the caller's runtime are used.

fn fetch_title(url: &str) -> Result<String> {
    futures::executor::block_on(CLIENT.title(url))
}
