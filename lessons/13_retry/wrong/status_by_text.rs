//! Wrong: looks for the status in the text of the error, which has the URL, too.

fn may_retry(method: &Method, error: &anyhow::Error) -> bool {
    let Some(error) = error.downcast_ref::<reqwest::Error>() else { return false };
    let is_json = |source: &(dyn Error + 'static)| source.is::<serde_json::Error>();
    let text = error.to_string();
    // Without the port, which is another one in each run.
    let text = text.split('/').filter(|part| !part.contains("127.0.0.1:"));
    let text = text.collect::<String>();
    let has = |codes: &[&str]| codes.iter().any(|code| text.contains(code));
    match error.status() {
        Some(_) if has(&["408", "429"]) => true,
        Some(_) if has(&["500", "502", "503", "504"]) => method.is_idempotent(),
        Some(_) => false,
        None if error.is_connect() => true,
        None if error.source().is_some_and(is_json) => false,
        None => method.is_idempotent(),
    }
}
