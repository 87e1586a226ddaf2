//! The progress file, `.workbook/progress.json`: solved exercises and shown hints. Keeps
//! the entries of lessons that this version does not have.
//!
//! Several terminals may change the file at the same time, and a change may be interrupted
//! by a crash or a full disk. So [`Progress::change`] holds a file lock while it reads,
//! modifies and writes the file; it writes to a temporary file and renames it over the old
//! one, which is atomic; and it keeps the previous version as `progress.json.bak`. A file
//! that cannot be parsed is an error and is never overwritten.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};
use async_workbook::text::count;
use serde::{Deserialize, Serialize};

use super::error::Error;
use super::repo::{Exercise, Repo, read_file, read_text, write_new};

const VERSION: u32 = 1;

/// The contents of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    version: u32,
    /// The exercise that the learner selected with `next` or `watch LESSON`.
    #[serde(default, rename = "at")]
    pub selected: Option<String>,
    /// The number of hints shown, by exercise.
    #[serde(default)]
    pub hints: BTreeMap<String, usize>,
    /// The Unix time of the first check of a text that is not the starter, by exercise.
    #[serde(default)]
    begun: BTreeMap<String, u64>,
    /// Solved exercises, by name.
    #[serde(default)]
    pub solved: BTreeMap<String, Solved>,
}

/// A check that passed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Solved {
    /// The time of the pass, in Unix seconds.
    #[serde(rename = "at")]
    pub solved_at: u64,
    /// The text that passed.
    pub source: String,
    /// The seconds from the exercise's entry in `begun` to its first pass.
    #[serde(default)]
    pub seconds: Option<u64>,
    /// The hash of the check at the time of the pass.
    #[serde(default)]
    check: Option<u64>,
    /// True if `reset` has opened the exercise again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reopened: bool,
}

/// The state of an exercise; `list --json` prints its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ExerciseState {
    Unsolved,
    Solved,
    /// Solved, but since then the exercise was edited, or its check has changed.
    Changed,
}

impl Progress {
    /// Reads the progress file. A missing file means no progress.
    ///
    /// # Errors
    ///
    /// If the file is damaged, or another version of this command wrote it.
    pub fn load(repo: &Repo) -> Result<Progress> {
        let path = repo.root.join(".workbook/progress.json");
        let unreadable = |reason: String| {
            let (file, backup) = (path.display(), backup(&path));
            let copy = match backup.is_file() {
                true => format!(", or copy {} over it", backup.display()),
                false => String::new(),
            };
            Error::Usage(format!(
                "could not read your progress from {file}: {reason}\nThe file was left \
                 untouched. Fix it or delete it to start over{copy}."
            ))
        };
        use ErrorKind::{NotADirectory, NotFound};
        let bytes = match read_file(&path) {
            Ok(bytes) => bytes,
            Err(error) if matches!(error.kind(), NotFound | NotADirectory) => {
                return Ok(Progress { version: VERSION, ..Progress::default() });
            }
            Err(error) => bail!(unreadable(error.to_string())),
        };
        let progress: Progress = serde_json::from_slice(&bytes)
            .map_err(|error| unreadable(error.to_string()))?;
        let version = progress.version;
        let supported = || format!("format version {version} is not supported");
        ensure!(version == VERSION, unreadable(supported()));
        Ok(progress)
    }

    /// Reads, changes and writes the progress while holding the lock.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or written. Either way it is unchanged.
    pub fn change(
        repo: &Repo,
        change: impl FnOnce(&mut Progress),
    ) -> Result<Progress> {
        let folder = repo.root.join(".workbook");
        let path = folder.join("progress.json");
        fs::create_dir_all(&folder)
            .with_context(|| format!("could not create {}", folder.display()))?;
        let _lock = lock(&folder.join("lock"))?;
        let before = Progress::load(repo)?;
        let mut progress = before.clone();
        change(&mut progress);
        if progress == before {
            return Ok(progress);
        }
        if path.exists() {
            replace(&backup(&path), &read_file(&path)?)?;
        }
        replace(&path, &serde_json::to_vec_pretty(&progress)?)?;
        Ok(progress)
    }

    /// Records that work on an exercise has begun, unless `source` is its starter.
    pub fn begin(repo: &Repo, exercise: &Exercise, source: &str) -> Result<()> {
        if !same_lines(&read_text(&exercise.starter())?, source) {
            let (name, now) = (exercise.name().to_owned(), since_epoch().as_secs());
            Progress::change(repo, |progress| {
                progress.begun.entry(name).or_insert(now);
            })?;
        }
        Ok(())
    }

    /// Records that `source` has passed the exercise's check.
    pub fn record_pass(
        repo: &Repo,
        exercise: &Exercise,
        source: &str,
    ) -> Result<()> {
        let exercises = repo.exercises();
        let (name, now) = (exercise.name(), since_epoch().as_secs());
        Progress::change(repo, |progress| {
            // Select this exercise, so that `next` continues from it even if the learner
            // never ran `next` before.
            if progress.current(&exercises) == Some(exercise) {
                progress.selected = Some(name.to_owned());
            }
            let (before, begun) =
                (progress.solved.get(name), progress.begun.get(name));
            let first = || begun.map(|begun| now.saturating_sub(*begun));
            // Passing again with the same text keeps the time of the first pass.
            let same = before
                .filter(|pass| !pass.reopened && same_lines(&pass.source, source));
            let solved = Solved {
                solved_at: same.map_or(now, |pass| pass.solved_at),
                source: source.to_owned(),
                seconds: before.map_or_else(first, |pass| pass.seconds),
                check: exercise.check_hash(),
                reopened: false,
            };
            progress.solved.insert(name.to_owned(), solved);
        })?;
        Ok(())
    }

    /// Moves on to the next unsolved exercise after `from`, by default the current one,
    /// and returns it.
    pub fn advance(repo: &Repo, from: Option<&str>) -> Result<Option<Exercise>> {
        let exercises = repo.exercises();
        let mut next = None;
        // Another terminal may have moved on, so search while holding the lock.
        Progress::change(repo, |progress| {
            let current = || progress.current(&exercises).map(Exercise::name);
            let from = from.or_else(current);
            let is_from = |exercise: &Exercise| Some(exercise.name()) == from;
            let index =
                exercises.iter().position(is_from).map_or(0, |from| from + 1);
            let found = progress.unsolved_from(&exercises, index);
            next = found.filter(|exercise| !is_from(exercise)).cloned();
            if let Some(next) = &next {
                progress.selected = Some(next.name().to_owned());
            }
        })?;
        Ok(next)
    }

    /// Selects an exercise and opens it again; the time and the text of its pass stay in
    /// the file until it is solved again.
    pub fn reopen(repo: &Repo, exercise: &Exercise) -> Result<Progress> {
        Progress::change(repo, |progress| {
            progress.selected = Some(exercise.name().to_owned());
            if let Some(solved) = progress.solved.get_mut(exercise.name()) {
                solved.reopened = true;
            }
        })
    }

    pub fn is_solved(&self, exercise: &Exercise) -> bool {
        self.solved.get(exercise.name()).is_some_and(|solved| !solved.reopened)
    }

    pub fn count_solved(&self, exercises: &[Exercise]) -> usize {
        exercises.iter().filter(|exercise| self.is_solved(exercise)).count()
    }

    /// Formats how many exercises are solved, and how many of them were edited since.
    pub fn summary(&self, exercises: &[Exercise]) -> String {
        let all = count(exercises.len() as u64, "exercise");
        let solved = self.count_solved(exercises);
        let states = exercises.iter().map(|exercise| self.state(exercise));
        match states.filter(|state| *state == ExerciseState::Changed).count() {
            0 => format!("{solved} of {all} solved"),
            changed => {
                format!("{solved} of {all} solved, {changed} of them changed since")
            }
        }
    }

    pub fn is_selected(&self, exercise: &Exercise) -> bool {
        self.selected.as_deref() == Some(exercise.name())
    }

    /// Returns the exercise that was solved last.
    pub fn last_solved<'a>(
        &self,
        exercises: &'a [Exercise],
    ) -> Option<&'a Exercise> {
        let solved = exercises.iter().filter(|exercise| self.is_solved(exercise));
        solved.max_by_key(|exercise| self.solved[exercise.name()].solved_at)
    }

    pub fn state(&self, exercise: &Exercise) -> ExerciseState {
        if !self.is_solved(exercise) {
            return ExerciseState::Unsolved;
        }
        let passed = &self.solved[exercise.name()].source;
        match exercise.source() {
            Ok(now) if !same_lines(passed, &now) => ExerciseState::Changed,
            Ok(_) if !self.check_has_changed(exercise) => ExerciseState::Solved,
            _ => ExerciseState::Changed,
        }
    }

    /// Returns whether an exercise is solved, but its check has changed since.
    pub fn check_has_changed(&self, exercise: &Exercise) -> bool {
        // Older versions did not record the hash.
        let hash = self.solved.get(exercise.name()).and_then(|pass| pass.check);
        self.is_solved(exercise) && hash.is_some() && hash != exercise.check_hash()
    }

    /// Returns the exercise to work on: the first unsolved one, beginning with the
    /// selected one. An exercise that was edited after it was solved counts as solved.
    pub fn current<'a>(&self, exercises: &'a [Exercise]) -> Option<&'a Exercise> {
        let index = exercises.iter().position(|exercise| self.is_selected(exercise));
        self.unsolved_from(exercises, index.unwrap_or(0))
    }

    /// Returns the first unsolved exercise from an index on; the first follows the last.
    fn unsolved_from<'a>(
        &self,
        exercises: &'a [Exercise],
        from: usize,
    ) -> Option<&'a Exercise> {
        let (before, after) = exercises.split_at(from.min(exercises.len()));
        let mut in_order = after.iter().chain(before);
        in_order.find(|exercise| !self.is_solved(exercise))
    }
}

/// Returns whether two texts are equal apart from line endings (`\n` or `\r\n`).
pub fn same_lines(a: &str, b: &str) -> bool {
    a.lines().eq(b.lines())
}

/// Returns the time since the Unix epoch.
pub fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn backup(path: &Path) -> PathBuf {
    path.with_extension("json.bak")
}

/// Waits for the lock, which is held until the returned file is dropped.
fn lock(path: &Path) -> Result<File> {
    let context = || format!("could not lock {}", path.display());
    // `open` would block on a FIFO; `read_file` rejects one.
    if path.exists() {
        read_file(path).with_context(context)?;
    }
    let file = File::options().create(true).append(true).open(path);
    let file = file.with_context(context)?;
    match file.lock() {
        Ok(()) => Ok(file),
        // Some network file systems have no locks. Writes are atomic even there.
        Err(error) if error.kind() == ErrorKind::Unsupported => Ok(file),
        Err(error) => Err(error).with_context(context),
    }
}

/// Replaces a file's contents atomically. Follows a symbolic link, also
/// one whose target is missing.
fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let link =
        fs::read_link(path).map(|target| path.with_file_name("").join(target));
    let path = &fs::canonicalize(path).or(link).unwrap_or_else(|_| path.to_owned());
    let new = path.with_extension("new");
    // A crash may have left this file.
    let _ = fs::remove_file(&new);
    let written = write_new(&new, bytes).and_then(|()| fs::rename(&new, path));
    written.with_context(|| format!("could not write {}", path.display()))
}
