//! Wrong: changes `save` instead of the call.

fn save(log: &Log, line: &str) -> std::future::Ready<()> {
    log.note(line);
    std::future::ready(())
}
