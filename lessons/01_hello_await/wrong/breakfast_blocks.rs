//! Wrong: `breakfast` was changed, and blocks the thread.

async fn breakfast(log: &Log) {
    log.note("a");
    let tea = cook(log, "b", "c");
    let toast = cook(log, "d", "e");
    log.note("f");
    std::thread::sleep(Duration::from_millis(100));
    toast.await;
    log.note("g");
    let egg = cook(log, "h", "i");
    drop(egg);
    tea.await;
    log.note("j");
}
