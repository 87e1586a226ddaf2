//! Saves: the file system tells of them, and where it does not, they are looked for.
//!
//! A save is whatever leaves another text, or another time of the last change, in the
//! exercise's folder: editors write in place, or replace the file by another, in one
//! step or several.

use super::super::inbox::{Inbox, Message};
use super::super::repo::Exercise;
use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

/// How often to look, in milliseconds, while the file system tells of saves.
const NOW_AND_THEN: u64 = 250;
/// And when it does not.
const OFTEN: u64 = 50;
/// How long after a save the file system may tell of it.
const LATE: Duration = Duration::from_secs(1);

/// The saves of one exercise.
#[derive(Debug)]
pub struct Saves {
    folder: PathBuf,
    before: Files,
    watcher: Option<RecommendedWatcher>,
    /// Whether the file system told of a save since the last look.
    told: Arc<AtomicBool>,
    /// When a change was found of which nobody had told.
    untold: Option<Instant>,
    /// Why saves are looked for, where they are, and whether that is news.
    polling: Option<String>,
    is_new: bool,
    every: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
}

/// What a look found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    Nothing,
    /// Saved, and the text is the same.
    SavedAsItWas,
    Saved,
}

/// Rust files, by name, with their text and the time of their last change.
type Files = BTreeMap<OsString, (Option<SystemTime>, Vec<u8>)>;

impl Saves {
    /// Begins to send messages about an exercise to the inbox.
    pub fn watch(exercise: &Exercise, inbox: &Inbox, poll: bool) -> Saves {
        let mut saves = Saves {
            folder: exercise.folder.clone(),
            before: files(&exercise.folder),
            watcher: None,
            told: Arc::new(AtomicBool::new(false)),
            untold: None,
            polling: None,
            is_new: false,
            every: Arc::new(AtomicU64::new(NOW_AND_THEN)),
            over: Arc::new(AtomicBool::new(false)),
        };
        if poll {
            saves.look_often("as you asked");
        } else {
            match watcher(&saves.folder, saves.told.clone(), inbox) {
                Ok(watcher) => saves.watcher = Some(watcher),
                Err(error) => saves.look_often(&error.to_string()),
            }
        }
        let (sender, every) = (inbox.sender(), saves.every.clone());
        let over = saves.over.clone();
        thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_millis(every.load(Ordering::Relaxed)));
                if sender.send(Message::Look).is_err() {
                    return;
                }
            }
        });
        saves
    }

    fn look_often(&mut self, why: &str) {
        self.watcher = None;
        self.every.store(OFTEN, Ordering::Relaxed);
        self.polling = Some(format!("looking for saves every {OFTEN} ms: {why}"));
        self.is_new = true;
    }

    /// Why saves are looked for, where they are, as a line to show.
    pub fn polling(&self) -> Option<&str> {
        self.polling.as_deref()
    }

    /// Whether that is so since the last time someone asked.
    pub fn is_new_polling(&mut self) -> bool {
        std::mem::take(&mut self.is_new)
    }

    /// A check begins, of what is there now.
    pub fn begin(&mut self) {
        self.before = self.settled();
    }

    /// Looks whether something was saved, because the file system told so or because
    /// it was time to.
    pub fn look(&mut self) -> Seen {
        let told = self.told.swap(false, Ordering::Relaxed);
        if told {
            self.untold = None;
        }
        if self.untold.is_some_and(|since| since.elapsed() > LATE) {
            self.untold = None;
            self.look_often("the file system did not tell of a save");
        }
        let now = self.settled();
        if now == self.before {
            return Seen::Nothing;
        }
        if !told && self.watcher.is_some() && self.untold.is_none() {
            self.untold = Some(Instant::now());
        }
        let text = |files: &Files| {
            files
                .iter()
                .map(|(name, (_, text))| (name.clone(), text.clone()))
                .collect::<Vec<_>>()
        };
        let as_it_was = text(&now) == text(&self.before);
        self.before = now;
        if as_it_was { Seen::SavedAsItWas } else { Seen::Saved }
    }

    /// What is there. An editor may be between two steps of a save, the file empty or
    /// away: then it is given a moment.
    fn settled(&self) -> Files {
        let exercise = OsString::from("exercise.rs");
        let is_there = |files: &Files| {
            files.get(&exercise).is_some_and(|(_, text)| !text.is_empty())
        };
        let mut now = files(&self.folder);
        let patience = Instant::now() + Duration::from_millis(80);
        while is_there(&self.before) && !is_there(&now) && Instant::now() < patience
        {
            thread::sleep(Duration::from_millis(5));
            now = files(&self.folder);
        }
        now
    }
}

impl Drop for Saves {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

fn watcher(
    folder: &Path,
    told: Arc<AtomicBool>,
    inbox: &Inbox,
) -> notify::Result<RecommendedWatcher> {
    let sender = inbox.sender();
    let mut watcher =
        notify::recommended_watcher(move |event: notify::Result<_>| {
            let event: notify::Event = match event {
                Ok(event) => event,
                // Something was lost: so look.
                Err(_) => notify::Event::new(EventKind::Any),
            };
            // To read a file is no save; and looking does read.
            let only_read = match event.kind {
                EventKind::Access(AccessKind::Close(AccessMode::Write)) => false,
                EventKind::Access(_) => true,
                _ => false,
            };
            if !only_read {
                told.store(true, Ordering::Relaxed);
                // Where the inbox is full, the next look is soon. To wait here could be
                // for ever: whoever drops the watcher waits for this to return.
                let _ = sender.try_send(Message::Look);
            }
        })?;
    watcher.watch(folder, RecursiveMode::NonRecursive)?;
    Ok(watcher)
}

/// The Rust files of a folder. Those that cannot be read are not there.
fn files(folder: &Path) -> Files {
    let Ok(entries) = fs::read_dir(folder) else { return Files::new() };
    let read = |path: PathBuf| {
        let name = path.file_name()?.to_owned();
        let hidden = name.to_string_lossy().starts_with('.');
        if hidden || path.extension()? != "rs" {
            return None;
        }
        let modified = fs::metadata(&path).and_then(|data| data.modified()).ok();
        Some((name, (modified, fs::read(&path).ok()?)))
    };
    entries.filter_map(|entry| read(entry.ok()?.path())).collect()
}
