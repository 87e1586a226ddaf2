//! Wrong: keeps the runtime of the first caller, which may end before the next call.

use tokio::runtime::Handle;

static HANDLE: LazyLock<Handle> = LazyLock::new(|| {
    let of_caller = Handle::try_current();
    of_caller.unwrap_or(RUNTIME.handle().clone())
});

fn fetch_title(url: &str) -> Result<String> {
    HANDLE.block_on(CLIENT.title(url))
}
