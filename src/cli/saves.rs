//! Detects saves of one file by reading it ten times a second.
//!
//! A notification API (inotify, FSEvents) would be some 50 ms faster, but does not report
//! changes on network and bind mounts, where polling would be needed anyway. The file is
//! a few kilobytes, so reading it costs no more than `stat`, and it detects a second save
//! even within the granularity of the modification time.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use super::inbox::{Inbox, Message};
use super::repo::read_file;

const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Compares a file with the version at the last poll.
#[derive(Debug)]
pub struct SaveWatcher {
    file: PathBuf,
    seen: Version,
    /// The last poll found the file newly missing or empty; the next one decides.
    debouncing: bool,
}

/// The modification time and the text, which is empty if there is no file.
type Version = (Option<SystemTime>, Vec<u8>);

/// The result of a poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaveEvent {
    Unchanged,
    /// Saved with the same text.
    Touched,
    Changed,
}

/// Sends [`Message::Tick`] at every poll interval, from a thread.
pub fn send_ticks(inbox: &Inbox) {
    let sender = inbox.sender();
    thread::spawn(move || {
        while sender.send(Message::Tick).is_ok() {
            thread::sleep(POLL_INTERVAL);
        }
    });
}

impl SaveWatcher {
    pub fn new(file: PathBuf) -> SaveWatcher {
        SaveWatcher { seen: read(&file), file, debouncing: false }
    }

    /// Compares the file with the version at the last poll.
    pub fn poll(&mut self) -> SaveEvent {
        let now = read(&self.file);
        if now == self.seen {
            self.debouncing = false;
            return SaveEvent::Unchanged;
        }
        // Debounce: the editor may be in the middle of a save, between truncating and
        // writing the file, or between deleting it and renaming another. Wait for one
        // more poll.
        let vanished = now.1.is_empty() && !self.seen.1.is_empty();
        self.debouncing = vanished && !self.debouncing;
        if self.debouncing {
            return SaveEvent::Unchanged;
        }
        let before = std::mem::replace(&mut self.seen, now);
        if before.1 == self.seen.1 { SaveEvent::Touched } else { SaveEvent::Changed }
    }
}

fn read(file: &Path) -> Version {
    let modified = fs::metadata(file).and_then(|data| data.modified());
    (modified.ok(), read_file(file).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_of_a_save_are_one_event() {
        let name = format!("workbook-saves-{}.rs", std::process::id());
        let file = std::env::temp_dir().join(name);
        let write = |text| fs::write(&file, text).unwrap();
        write("one");
        let mut watcher = SaveWatcher::new(file.clone());
        assert_eq!(watcher.poll(), SaveEvent::Unchanged);
        write("two");
        assert_eq!(watcher.poll(), SaveEvent::Changed);
        let open = fs::File::options().append(true).open(&file).unwrap();
        open.set_modified(SystemTime::now() + Duration::from_secs(10)).unwrap();
        assert_eq!(watcher.poll(), SaveEvent::Touched);
        // Truncated, and then written.
        write("");
        assert_eq!(watcher.poll(), SaveEvent::Unchanged);
        write("three");
        assert_eq!(watcher.poll(), SaveEvent::Changed);
        // Deleted, and not created again.
        fs::remove_file(&file).unwrap();
        assert_eq!(watcher.poll(), SaveEvent::Unchanged);
        assert_eq!(watcher.poll(), SaveEvent::Changed);
        assert_eq!(watcher.poll(), SaveEvent::Unchanged);
    }
}
