//! Finds out what the other threads of the program do, on Linux.

use std::fs;
use std::path::Path;

/// The name of the threads that the kit starts.
pub(super) const WATCHDOG: &str = "watchdog";

/// Returns the number of voluntary context switches of each other thread of this program,
/// if all of them are asleep.
///
/// If two calls return the same, no thread ran between them. So there was a moment at
/// which all were asleep, and only a timer or another process could wake one, however
/// slow the machine is: a thread in a run queue is not asleep.
///
/// The list is empty on systems without `/proc`.
pub fn asleep() -> Option<Vec<String>> {
    let this = fs::read_link("/proc/thread-self").unwrap_or_default();
    let mut threads = Vec::new();
    for thread in fs::read_dir("/proc/self/task").into_iter().flatten().flatten() {
        let status = fs::read_to_string(thread.path().join("status"));
        let status = status.unwrap_or_default();
        let field = |name| {
            let mut fields =
                status.lines().filter_map(|line| line.split_once(":\t"));
            fields.find(|(field, _)| *field == name).map(|(_, value)| value)
        };
        let is_this = Some(&*thread.file_name()) == this.file_name();
        if is_this || field("Name").is_none_or(|name| name == WATCHDOG) {
            continue;
        }
        field("State").filter(|state| state.starts_with('S'))?;
        let slept = field("voluntary_ctxt_switches").unwrap_or_default();
        threads.push(format!("{:?} {slept}", thread.file_name()));
    }
    Some(threads)
}

/// Returns true if a thread runs that this one has started, and that has no name of its
/// own: Linux gives it the name of this one.
///
/// It returns false on systems without `/proc`.
pub(super) fn started_by_this_one() -> bool {
    let name = |thread: &Path| fs::read(thread.join("comm")).ok();
    let this = name(Path::new("/proc/thread-self"));
    let threads = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    threads.filter(|thread| name(&thread.path()) == this).count() > 1
}
