//! Finds out whether all threads of the program are asleep, on Linux.

use std::fs;

/// The name of the threads that the kit starts, which wake up periodically.
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

/// Returns true if there was a moment at which all other threads of this program were
/// asleep; see [`asleep`].
pub fn all_asleep() -> bool {
    asleep().is_some_and(|before| asleep() == Some(before))
}
