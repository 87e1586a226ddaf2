//! Wrong: a runtime without threads of its own. `Handle::block_on` polls the future,
//! but only `Runtime::block_on` drives the sockets.

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime")
});

fn fetch_title(url: &str) -> Result<String> {
    RUNTIME.handle().block_on(CLIENT.title(url))
}
