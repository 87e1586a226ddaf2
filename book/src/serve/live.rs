//! Builds the book anew when something in it changes, and tells the pages.

use crate::render;
use anyhow::{Context, Result};
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::{Stream, StreamExt, stream};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use serde_json::json;
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

/// How long nothing must change before the book is built: an editor saves in steps.
const QUIET: Duration = Duration::from_millis(100);

/// What pages are made of, by folder of the workbook.
const SOURCES: [&str; 6] = [
    "book/chapters",
    "book/theme",
    "book/compare",
    "lessons",
    "tests/snapshots",
    "book/book.toml",
];

/// What chapters show, by file name's extension.
const SHOWN: [&str; 8] = ["css", "js", "json", "md", "py", "rs", "snap", "toml"];

/// The pages as they were last built, and what is wrong since.
#[derive(Clone, Debug)]
pub struct Build {
    pages: Arc<TempDir>,
    /// Differs from build to build, and from server to server.
    number: u128,
    fault: Option<String>,
}

impl Build {
    /// Builds the book in the folder `book`. Fails if a chapter does.
    pub fn new(book: &Path) -> Result<Self> {
        let pages = tempfile::tempdir().context("no place for the pages")?;
        render::build_live(book, &pages.path().join("html"))?;
        Ok(Self::of(pages))
    }

    /// The pages in the folder `html` in `pages`.
    pub fn of(pages: TempDir) -> Self {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let number = since.unwrap_or_default().as_millis();
        Self { pages: Arc::new(pages), number, fault: None }
    }

    /// The folder of the pages.
    pub fn pages(&self) -> PathBuf {
        self.pages.path().join("html")
    }

    /// What is wrong with the sources, if they have changed and make no book now.
    pub fn fault(&self) -> Option<&str> {
        self.fault.as_deref()
    }
}

/// Builds the book in the folder `book` whenever its sources change. It stops when
/// what is returned is dropped.
///
/// Fails if the system does not watch files.
pub fn rebuild(
    book: &Path,
    builds: watch::Sender<Build>,
) -> Result<RecommendedWatcher> {
    let (changed, mut changes) = mpsc::unbounded_channel();
    let mut watcher = notify::recommended_watcher(move |event| {
        if let Ok(notify::Event { kind, paths, .. }) = event
            && !matches!(kind, EventKind::Access(_))
            && paths.iter().any(|path| shown(path))
        {
            let _ = changed.send(());
        }
    })?;
    let root = book.parent().context("the book stands in no folder")?;
    for source in SOURCES {
        let path = root.join(source);
        // A file that an editor replaces is a new one; its folder stays.
        let (path, mode) = match path.is_dir() {
            true => (path.as_path(), RecursiveMode::Recursive),
            false => (book, RecursiveMode::NonRecursive),
        };
        watcher.watch(path, mode)?;
    }
    let book = book.to_owned();
    tokio::spawn(async move {
        while changes.recv().await.is_some() {
            while let Ok(Some(())) = timeout(QUIET, changes.recv()).await {}
            let book = book.clone();
            let built = tokio::task::spawn_blocking(move || Build::new(&book)).await;
            match built {
                Ok(Ok(build)) => {
                    println!("Built anew.");
                    builds.send_replace(build);
                }
                Ok(Err(error)) => {
                    let fault = format!("{error:#}");
                    eprintln!("error: {fault}");
                    builds.send_modify(|build| build.fault = Some(fault));
                }
                // The server is about to end.
                Err(_) => return,
            }
        }
    });
    Ok(watcher)
}

/// Whether a page may show the file. No page shows what a learner writes.
fn shown(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    let learners = path.file_name().is_some_and(|name| name == "exercise.rs");
    extension.is_some_and(|extension| SHOWN.contains(&extension)) && !learners
}

/// Tells a page which build is the newest, now and whenever there is another, and what
/// is wrong with the sources since.
pub fn news(
    builds: watch::Receiver<Build>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let told = stream::unfold((builds, true), async |(mut builds, first)| {
        if !first {
            builds.changed().await.ok()?;
        }
        let build = builds.borrow_and_update().clone();
        let news =
            json!({ "build": build.number.to_string(), "fault": build.fault() });
        Some((news.to_string(), (builds, false)))
    });
    let events = told.map(|news| Ok(Event::default().data(news)));
    Sse::new(events).keep_alive(KeepAlive::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_pages_show_is_watched() {
        for path in ["lessons/03_gather/lesson.rs", "book/book.toml", "a/b.md"] {
            assert!(shown(Path::new(path)), "{path}");
        }
        for path in
            ["lessons/03_gather/exercise.rs", "lesson.rs~", ".lesson.rs.swp", "4913"]
        {
            assert!(!shown(Path::new(path)), "{path}");
        }
    }
}
