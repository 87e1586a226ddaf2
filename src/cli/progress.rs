//! What the learner has solved, in `.workbook/progress.json`.
//!
//! It is changed under a lock, so that two terminals do not undo each other, and
//! written whole to another file that then takes its place, so that it is never half
//! there. The version before is kept. A file that cannot be read is never overwritten.

use super::repo::{Exercise, Repo};
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

const VERSION: u32 = 1;

/// All that is remembered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    version: u32,
    /// Where the learner went by `next` or by naming an exercise to watch.
    #[serde(default)]
    pub at: Option<String>,
    /// How many hints were shown, by exercise.
    #[serde(default)]
    pub hints: BTreeMap<String, usize>,
    /// By exercise.
    #[serde(default)]
    pub solved: BTreeMap<String, Solved>,
}

/// A pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Solved {
    /// Unix seconds.
    pub at: u64,
    /// The text that passed.
    pub source: String,
}

/// How an exercise stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Open,
    Solved,
    /// It passed once, and its text is another now.
    Changed,
}

/// The file is there, and is not what this program wrote.
#[derive(Debug)]
pub struct Unreadable {
    path: PathBuf,
    why: String,
}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path = self.path.display();
        writeln!(f, "cannot read your progress in {path}: {}", self.why)?;
        let backup = backup(&self.path);
        if backup.is_file() {
            let backup = backup.display();
            write!(f, "It stays as it is. The version before is in {backup}: ")?;
            write!(f, "copy that over it, or remove it to begin anew.")
        } else {
            write!(f, "It stays as it is. Mend it, or remove it to begin anew.")
        }
    }
}

impl std::error::Error for Unreadable {}

impl Default for Progress {
    fn default() -> Progress {
        Progress {
            version: VERSION,
            at: None,
            hints: BTreeMap::new(),
            solved: BTreeMap::new(),
        }
    }
}

impl Progress {
    /// Reads the progress of a repository; where there is none yet, it is empty.
    ///
    /// # Errors
    ///
    /// [`Unreadable`].
    pub fn load(repo: &Repo) -> Result<Progress> {
        let path = repo.root.join(".workbook/progress.json");
        let unreadable = |why: String| Unreadable { path: path.clone(), why };
        let text = match fs::read(&path) {
            Ok(text) => text,
            // Without the folder there is no file either.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::NotFound | ErrorKind::NotADirectory
                ) =>
            {
                return Ok(Progress::default());
            }
            Err(error) => bail!(unreadable(error.to_string())),
        };
        if text.iter().all(u8::is_ascii_whitespace) {
            bail!(unreadable("it is empty".to_owned()));
        }
        if text.starts_with(b"<<<<<<<") || contains(&text, b"\n<<<<<<<") {
            bail!(unreadable("it has the marks of a merge conflict".to_owned()));
        }
        let version = serde_json::from_slice::<serde_json::Value>(&text)
            .map_err(|error| unreadable(error.to_string()))?["version"]
            .as_u64();
        if version.is_some_and(|version| version > VERSION.into()) {
            bail!(unreadable("a newer workbook wrote it".to_owned()));
        }
        if version != Some(VERSION.into()) {
            bail!(unreadable("it does not say its version".to_owned()));
        }
        Ok(serde_json::from_slice(&text)
            .map_err(|error| unreadable(error.to_string()))?)
    }

    /// Reads, changes and writes in one step, as far as other terminals are concerned.
    ///
    /// # Errors
    ///
    /// [`Unreadable`], or when it cannot be written: what was there is then still
    /// there.
    pub fn change(
        repo: &Repo,
        change: impl FnOnce(&mut Progress),
    ) -> Result<Progress> {
        let folder = repo.root.join(".workbook");
        let path = folder.join("progress.json");
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
        let _lock = lock(&folder.join("lock"))?;
        let before = Progress::load(repo)?;
        let mut progress = before.clone();
        change(&mut progress);
        if progress == before {
            return Ok(progress);
        }
        if path.exists() {
            replace(&backup(&path), &fs::read(&path)?)?;
        }
        replace(&path, &serde_json::to_vec_pretty(&progress)?)?;
        Ok(progress)
    }

    /// Puts a pass down.
    ///
    /// # Errors
    ///
    /// As [`Progress::change`].
    pub fn solve(
        repo: &Repo,
        exercise: &Exercise,
        source: &str,
    ) -> Result<Progress> {
        let exercises = repo.exercises();
        Progress::change(repo, |progress| {
            // From here `next` goes on, also where nobody ever went anywhere.
            if progress.current(&exercises).as_ref() == Some(exercise) {
                progress.at = Some(exercise.name().to_owned());
            }
            let solved = Solved { at: now(), source: source.to_owned() };
            let before = progress.solved.get(exercise.name());
            // Passing again with the same text is nothing new.
            if before.is_none_or(|before| !same(&before.source, source)) {
                progress.solved.insert(exercise.name().to_owned(), solved);
            }
        })
    }

    pub fn state(&self, exercise: &Exercise) -> State {
        match (self.solved.get(exercise.name()), exercise.source()) {
            (None, _) => State::Open,
            (Some(solved), Ok(now)) if same(&solved.source, &now) => State::Solved,
            (Some(_), _) => State::Changed,
        }
    }

    /// The exercise to work at: where the learner went, or else the first that is not
    /// solved. One that was solved and then changed counts as solved.
    pub fn current(&self, exercises: &[Exercise]) -> Option<Exercise> {
        let at =
            exercises.iter().position(|one| Some(one.name()) == self.at.as_deref());
        self.unsolved_from(exercises, at.unwrap_or(0))
    }

    /// The next unsolved exercise after that one, and after the last the first.
    pub fn after(&self, exercises: &[Exercise], name: &str) -> Option<Exercise> {
        let at = exercises.iter().position(|one| one.name() == name);
        let next = self.unsolved_from(exercises, at.map_or(0, |at| at + 1))?;
        (next.name() != name).then_some(next)
    }

    fn unsolved_from(
        &self,
        exercises: &[Exercise],
        from: usize,
    ) -> Option<Exercise> {
        let (before, after) = exercises.split_at(from.min(exercises.len()));
        let mut in_turn = after.iter().chain(before);
        in_turn.find(|one| !self.solved.contains_key(one.name())).cloned()
    }
}

/// Whether two texts are the same but for their line ends.
pub fn same(a: &str, b: &str) -> bool {
    a.lines().eq(b.lines())
}

/// Unix seconds.
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

fn backup(path: &Path) -> PathBuf {
    path.with_extension("json.bak")
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// Waits for the lock, which ends with the file that this returns.
fn lock(path: &Path) -> Result<File> {
    let context = || format!("cannot lock {}", path.display());
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .with_context(context)?;
    match file.lock() {
        Ok(()) => Ok(file),
        // Some network file systems have no locks. Each write is whole even so.
        Err(error) if error.kind() == ErrorKind::Unsupported => Ok(file),
        Err(error) => Err(error).with_context(context),
    }
}

/// Writes a file so that it is there as before, or as now, and nothing between.
fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let new = path.with_extension("new");
    let write = || -> std::io::Result<()> {
        let mut file = File::create(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&new, path)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_workbook::LESSONS;

    fn exercises() -> Vec<Exercise> {
        let exercise =
            |lesson| Exercise { lesson, folder: PathBuf::from("/nowhere") };
        LESSONS.iter().map(exercise).collect()
    }

    fn solved(names: &[usize], at: Option<usize>) -> Progress {
        let pass = || Solved { at: 1, source: String::new() };
        let name = |index: usize| LESSONS[index].name.to_owned();
        Progress {
            at: at.map(name),
            solved: names.iter().map(|&index| (name(index), pass())).collect(),
            ..Progress::default()
        }
    }

    fn current(progress: &Progress) -> Option<&'static str> {
        progress.current(&exercises()).map(|exercise| exercise.name())
    }

    #[test]
    fn the_first_unsolved_is_current_unless_the_learner_went_elsewhere() {
        let name = |index: usize| Some(LESSONS[index].name);
        assert_eq!(current(&solved(&[], None)), name(0));
        assert_eq!(current(&solved(&[0, 2], None)), name(1));
        assert_eq!(current(&solved(&[0], Some(4))), name(4));
        // There it goes on, and comes back to what was left out.
        assert_eq!(current(&solved(&[0, 4], Some(4))), name(5));
        assert_eq!(current(&solved(&[0, 4, 5, 6], Some(4))), name(1));
        assert_eq!(current(&solved(&[0, 1, 2, 3, 4, 5, 6], Some(4))), None);
        // A lesson that is gone is nowhere.
        let gone = Progress { at: Some("99_gone".into()), ..Progress::default() };
        assert_eq!(current(&gone), name(0));
    }

    #[test]
    fn next_is_another_one() {
        let after = |progress: &Progress, index: usize| {
            let next = progress.after(&exercises(), LESSONS[index].name)?;
            Some(next.name())
        };
        assert_eq!(after(&solved(&[], None), 6), Some(LESSONS[0].name));
        assert_eq!(after(&solved(&[1], None), 0), Some(LESSONS[2].name));
        assert_eq!(after(&solved(&[0, 1, 2, 3, 4, 5], None), 6), None);
    }

    #[test]
    fn line_ends_are_no_difference() {
        assert!(same("a\nb\n", "a\r\nb\r\n"));
        assert!(!same("a\nb\n", "a\nc\n"));
    }
}
