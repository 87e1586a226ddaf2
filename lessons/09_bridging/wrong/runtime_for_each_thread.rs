//! Wrong: each thread that calls has a runtime and connections of its own.

thread_local! {
    static LOCAL: (Runtime, Client) = {
        let runtime = Builder::new_current_thread().enable_all().build();
        (runtime.expect("a runtime"), Client::new())
    };
}

fn fetch_title(url: &str) -> Result<String> {
    LOCAL.with(|(runtime, client)| runtime.block_on(client.title(url)))
}
