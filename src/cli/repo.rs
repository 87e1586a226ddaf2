//! The repository and the files of its exercises.

use std::env;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use async_workbook::{LESSONS, Lesson};

use super::error::Error;

/// The repository that the command works on.
#[derive(Clone, Debug)]
pub struct Repo {
    /// An absolute path.
    pub root: PathBuf,
}

impl Repo {
    /// Finds the repository: the one that cargo runs this program for, otherwise the one
    /// that contains the current directory. Fails if neither of them has lessons.
    pub fn find() -> Result<Repo> {
        let here =
            env::current_dir().context("could not get the current directory")?;
        let cargo = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let around = here.ancestors().map(Path::to_owned);
        let is_root = |path: &PathBuf| {
            path.join("lessons").is_dir() && path.join("Cargo.toml").is_file()
        };
        match cargo.into_iter().chain(around).find(is_root) {
            Some(root) => Ok(Repo { root }),
            None => bail!(Error::Usage(format!(
                "there are no lessons in {} or its parent directories; change to your \
                 copy of async-workbook first",
                here.display()
            ))),
        }
    }

    /// Returns every exercise, in order.
    pub fn exercises(&self) -> Vec<Exercise> {
        LESSONS.iter().filter_map(|lesson| self.exercise(lesson)).collect()
    }

    /// Returns a lesson's exercise, if it has one (a `check.rs`).
    pub fn exercise(&self, lesson: &'static Lesson) -> Option<Exercise> {
        let folder = self.root.join("lessons").join(lesson.name);
        Some(Exercise { lesson, folder })
            .filter(|exercise| exercise.check().is_file())
    }

    /// Formats a path for display: relative to the current directory if it is below it,
    /// otherwise to the repository.
    pub fn display_path(&self, path: &Path) -> String {
        let here = env::current_dir().unwrap_or_default();
        let short =
            path.strip_prefix(&here).or_else(|_| path.strip_prefix(&self.root));
        short.unwrap_or(path).display().to_string()
    }
}

/// A lesson's exercise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exercise {
    pub lesson: &'static Lesson,
    pub folder: PathBuf,
}

impl Exercise {
    pub fn name(&self) -> &'static str {
        self.lesson.name
    }

    /// Returns the path of the learner's file, which is not in git.
    pub fn file(&self) -> PathBuf {
        self.folder.join("exercise.rs")
    }

    /// Returns the path of the text that the learner starts from.
    pub fn starter(&self) -> PathBuf {
        self.folder.join("starter.rs")
    }

    pub fn check(&self) -> PathBuf {
        self.folder.join("check.rs")
    }

    /// Returns a hash (FNV-1a) of the check's lines, or `None` if it cannot be read.
    pub fn check_hash(&self) -> Option<u64> {
        let text = read_text(&self.check()).ok()?;
        let bytes = text.lines().flat_map(|line| line.bytes().chain([b'\n']));
        Some(bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
        }))
    }

    pub fn solution(&self) -> PathBuf {
        self.folder.join("solution.rs")
    }

    /// Returns the name of the example target, which needs the feature `exercises`.
    pub fn target(&self) -> String {
        format!("{}_exercise", self.name())
    }

    /// Returns the default time limit of a run.
    pub fn limit(&self) -> Duration {
        Duration::from_secs(if self.lesson.postgres { 20 } else { 10 })
    }

    /// Formats a command for this exercise, such as `cargo workbook hint 03`.
    pub fn command(&self, subcommand: &str) -> String {
        format!("cargo workbook {subcommand} {}", self.lesson.number())
    }

    /// Reads the learner's text.
    pub fn source(&self) -> Result<String> {
        read_text(&self.file())
    }

    /// Creates the learner's file from the starter if it is missing; returns the number
    /// of files created. Never overwrites an existing file, even if two commands race.
    ///
    /// Creates the files of all other exercises, too: while one is missing, cargo rejects
    /// `cargo check --all-targets --features exercises`, which editors run.
    pub fn create_if_missing(&self) -> Result<usize> {
        if !self.create()? {
            return Ok(0);
        }
        let create = |lesson: &&'static Lesson| {
            let folder = self.folder.with_file_name(lesson.name);
            // An error is reported when that exercise is used.
            Exercise { lesson, folder }.create().unwrap_or(false)
        };
        Ok(1 + LESSONS.iter().filter(create).count())
    }

    fn create(&self) -> Result<bool> {
        let (file, starter) = (self.file(), self.starter());
        // `exists` is false for a dangling symbolic link, too.
        if file.symlink_metadata().is_ok() {
            return Ok(false);
        }
        let text = read_file(&starter).with_context(|| {
            let (file, starter) = (file.display(), starter.display());
            format!("could not create {file}: could not read {starter}")
        })?;
        match write_new(&file, &text) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error)
                .with_context(|| format!("could not create {}", file.display())),
        }
    }
}

/// Reads a file that others may replace.
///
/// # Errors
///
/// If it cannot be read. Also if it is a FIFO or a device, where reading may never end, or
/// larger than 1 MB: no file of the workbook is.
pub fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let data = fs::metadata(path)?;
    let problem = match data.len() {
        _ if !data.is_file() => "it is not a regular file; move it away",
        ..=1_000_000 => return fs::read(path),
        _ => "it is larger than 1 MB; move it away",
    };
    Err(io::Error::other(problem))
}

/// Reads a text file like [`read_file`]. Bytes that are not UTF-8 become U+FFFD.
pub fn read_text(path: &Path) -> Result<String> {
    let bytes = read_file(path)
        .with_context(|| format!("could not read {}", path.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Creates a file with these contents atomically.
///
/// Writes to a temporary file first, so that no other command reads a partial file, and
/// then creates a hard link to it. Unlike `rename`, `hard_link` fails if the file exists.
///
/// # Errors
///
/// If the file exists, or if it cannot be written.
pub fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension(format!("new-{}", std::process::id()));
    let write = || {
        let mut file = File::create(&new)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    let written = write().and_then(|()| match fs::hard_link(&new, path) {
        // FAT and some network file systems have no hard links.
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            let mut file = File::create_new(path)?;
            file.write_all(bytes).inspect_err(|_| drop(fs::remove_file(path)))
        }
        linked => linked,
    });
    let _ = fs::remove_file(&new);
    written
}
