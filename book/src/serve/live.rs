//! Live reload: rebuilds the book when one of its sources changes, and notifies the
//! pages.
//!
//! ```text
//! poll every 200 ms ──> changed? ──> unchanged for one more poll? ──> build
//!                                                                       │
//! page <── server-sent events: the build's ID, or its error <── watch channel
//! ```
//!
//! The sources are polled by size and modification time rather than watched with
//! inotify: that also notices saves on network file systems and on bind mounts,
//! where the kernel reports no events, and needs no case for editors that replace a
//! file instead of writing to it. Some 200 files take about a millisecond.
//!
//! A page holds a server-sent events connection to `/live` and reloads itself when
//! the build's ID changes. The ID also differs from one server to the next,
//! so that a page reloads after a restart. A failed build keeps the old pages and
//! shows its error on top of them.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Result, bail};
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::{Stream, stream};
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::render;

/// The interval between polls. Also the debounce time: an editor saves in several
/// steps, so the book is built once a poll finds no further change.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// The folders and files that pages are made of, relative to the workbook's root.
const SOURCES: [&str; 6] = [
    "book/chapters",
    "book/theme",
    "book/compare/result.json",
    "lessons",
    "tests/snapshots",
    "book/book.toml",
];

/// The extensions of sources. Excludes editors' swap and backup files.
const EXTENSIONS: [&str; 8] =
    ["css", "js", "json", "md", "py", "rs", "snap", "toml"];

/// The pages of the last successful build.
#[derive(Clone, Debug)]
pub struct BookBuild {
    pages: Arc<TempDir>,
    /// Unique across builds and servers.
    id: u128,
    error: Option<String>,
    /// The sources before the build started.
    sources: Sources,
}

impl BookBuild {
    /// Builds the book in the folder `book`.
    pub fn new(book: &Path) -> Result<Self> {
        let root = book.join("..");
        // mdBook copies all files. Reading a FIFO, a device or a loop may take forever.
        if let Some((path, _)) = files(&root).find(|(_, file)| !file.is_file()) {
            bail!("{} is not a regular file", path.display());
        }
        let pages = render::work_folder()?;
        let sources = sources(&root);
        render::build_live(book, &pages.path().join("html"))?;
        Ok(Self { sources, ..Self::of(pages) })
    }

    /// Uses the pages in the folder `html` of `pages`.
    pub fn of(pages: TempDir) -> Self {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let id = now.unwrap_or_default().as_millis();
        Self { pages: Arc::new(pages), id, error: None, sources: Sources::new() }
    }

    /// The folder of the pages.
    pub fn pages(&self) -> PathBuf {
        self.pages.path().join("html")
    }

    /// The error of a later build that failed.
    pub fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }
}

/// The length and the time of the last change of each source.
type Sources = BTreeMap<PathBuf, (u64, Option<SystemTime>)>;

fn sources(root: &Path) -> Sources {
    files(root)
        .filter(|(path, file)| is_source(path) || !file.is_file())
        .map(|(path, file)| (path, (file.len(), file.modified().ok())))
        .collect()
}

/// Walks everything in the sources that is not a directory, without the learner's
/// exercises. Does not follow a link to a directory, which may be a loop.
fn files(root: &Path) -> impl Iterator<Item = (PathBuf, Metadata)> {
    let mut pending = SOURCES.map(|source| root.join(source)).to_vec();
    std::iter::from_fn(move || {
        while let Some(path) = pending.pop() {
            let entries = std::fs::read_dir(&path).ok();
            if let Some(entries) = entries.filter(|_| !path.is_symlink()) {
                pending.extend(entries.flatten().map(|entry| entry.path()));
            } else if path.file_name().is_some_and(|name| name != "exercise.rs")
                && let Ok(metadata) = path.metadata()
            {
                return Some((path, metadata));
            }
        }
        None
    })
}

/// Returns whether a page may show the file.
fn is_source(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| EXTENSIONS.contains(&extension))
}

/// Rebuilds the book in the folder `book` whenever its sources change, until all
/// receivers of `builds` are gone.
pub async fn rebuild(book: PathBuf, builds: watch::Sender<BookBuild>) {
    let root = book.join("..");
    let mut built = builds.borrow().sources.clone();
    let mut previous = Sources::new();
    while !builds.is_closed() {
        sleep(POLL_INTERVAL).await;
        let root = root.clone();
        let current = spawn_blocking(move || sources(&root)).await;
        let current = current.unwrap_or_default();
        if current != previous {
            previous = current;
            continue;
        }
        if current == built {
            continue;
        }
        built = current;
        let book = book.clone();
        // The outer error is a panic.
        let result = spawn_blocking(move || BookBuild::new(&book)).await;
        match result.map_err(anyhow::Error::from).flatten() {
            Ok(build) => {
                println!("Rebuilt.");
                builds.send_replace(build);
            }
            Err(error) => {
                let error = format!("{error:#}");
                eprintln!("error: {error}");
                builds.send_modify(|build| build.error = Some(error));
            }
        }
    }
}

/// Streams each build's ID and error to a page, beginning with the current one.
pub fn events(
    mut builds: watch::Receiver<BookBuild>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    builds.mark_changed();
    let events = stream::unfold(builds, async |mut builds| {
        builds.changed().await.ok()?;
        let build = builds.borrow_and_update().clone();
        let event = json!({ "build": build.id.to_string(), "error": build.error() });
        Some((Ok(Event::default().data(event.to_string())), builds))
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_have_known_extensions() {
        let paths = ["a.rs", "b.toml", "lesson.rs~", ".lesson.rs.swp", "4913"];
        let sources = paths.map(|path| is_source(Path::new(path)));
        assert_eq!(sources, [true, true, false, false, false]);
    }
}
