//! Wrong: a thread and a runtime for each call. It does not panic, not even in async
//! code, but there `join` blocks the thread of the caller's runtime.

fn fetch_title(url: &str) -> Result<String> {
    thread::scope(|scope| {
        let call = || Runtime::new()?.block_on(CLIENT.title(url));
        scope.spawn(call).join().expect("the thread does not panic")
    })
}
