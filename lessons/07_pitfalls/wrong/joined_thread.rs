//! Wrong: starts a thread and blocks until it has ended.

async fn thumbnail(photo: String) -> Result<String> {
    let thread = std::thread::spawn(move || shrink(&photo));
    Ok(thread.join().expect("it does not panic"))
}
