//! Finds the Python that runs the lessons' Python programs and the comparison.

use std::collections::BTreeMap;
use std::env;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use crate::text::sanitize;

/// The packages that the lessons' programs import.
pub const LESSON_PACKAGES: [&str; 2] = ["aiohttp", "asyncpg"];

/// The packages that the comparison of Rust and Python imports.
pub const COMPARE_PACKAGES: [&str; 5] =
    ["aiohttp", "asyncpg", "httpx", "orjson", "uvloop"];

/// The time after which a Python that has not printed its versions is killed.
const PROBE_TIMEOUT: Duration = Duration::from_secs(10);

/// Prints the version of Python and of each package given as an argument that is
/// installed, and at last an empty line. Fails on a Python that is too old.
const PROBE: &str = "import sys, importlib.metadata as m
if sys.version_info < (3, 11): sys.exit('older than 3.11')
print('Python', '.'.join(map(str, sys.version_info[:3])))
for name in sys.argv[1:]:
    try: print(name, m.version(name))
    except m.PackageNotFoundError: pass
print()";

/// An interpreter of at least version 3.11.
#[derive(Clone, Debug)]
pub struct Python {
    /// The executable.
    pub program: PathBuf,
    /// The versions of `Python` itself and of the packages that are installed.
    pub versions: BTreeMap<String, String>,
}

/// The reason why no interpreter has all packages.
#[derive(Clone, Debug)]
pub struct MissingPython {
    /// A clause, such as `found no Python 3.11 or newer`.
    pub problem: String,
    /// A sentence, and perhaps commands.
    pub advice: String,
}

impl Python {
    /// Finds the interpreter with the most of the packages: the one in
    /// `WORKBOOK_PYTHON` if that is set, otherwise from `.venv` in the repository
    /// and from the `PATH`.
    pub fn find(root: &Path, packages: &[&str]) -> Option<Self> {
        let candidates = match chosen() {
            Some(chosen) => vec![chosen],
            None => vec![
                root.join(".venv/bin/python"),
                root.join(".venv/Scripts/python.exe"),
                "python3".into(),
                "python".into(),
            ],
        };
        // `max_by_key` returns the last of several maxima; reversed, that is the
        // first.
        let found = candidates.into_iter().rev();
        found
            .filter_map(|program| Self::probe(program, packages))
            .max_by_key(|python| python.versions.len())
    }

    /// Finds an interpreter that has all packages, which are those of a requirements
    /// file.
    ///
    /// # Errors
    ///
    /// If no interpreter has all of them: the reason, and advice.
    pub fn with_all(
        root: &Path,
        packages: &[&str],
        requirements: &str,
    ) -> Result<Self, MissingPython> {
        let commands = install(requirements);
        let (problem, advice) = match (Self::find(root, packages), chosen()) {
            (None, Some(program)) => (
                format!(
                    "WORKBOOK_PYTHON: {} is not Python 3.11 or newer",
                    program.display()
                ),
                "Set it to the path of one, or unset it.".to_owned(),
            ),
            (None, None) => (
                "found no Python 3.11 or newer".to_owned(),
                format!(
                    "Install it, for example from https://www.python.org/downloads, \
                     and then the packages:\n  {commands}"
                ),
            ),
            (Some(python), chosen) => {
                let missing = python.missing(packages).join(", ");
                if missing.is_empty() {
                    return Ok(python);
                }
                let program = python.program.display();
                let problem = format!("{program} lacks the packages {missing}");
                let (problem, commands) = match chosen {
                    Some(_) => (
                        format!("WORKBOOK_PYTHON: {problem}"),
                        format!("{program} -m pip install -r {requirements}"),
                    ),
                    None => (problem, commands),
                };
                (problem, format!("To install the packages:\n  {commands}"))
            }
        };
        Err(MissingPython { problem, advice })
    }

    fn probe(program: PathBuf, packages: &[&str]) -> Option<Self> {
        let mut command = Command::new(&program);
        command.args(["-c", PROBE]).args(packages).stdin(Stdio::null());
        Some(Self { versions: versions(&mut command, PROBE_TIMEOUT)?, program })
    }

    /// Returns the packages that are not installed.
    pub fn missing<'a>(&self, packages: &[&'a str]) -> Vec<&'a str> {
        let is_missing = |name: &&&str| !self.versions.contains_key(**name);
        packages.iter().filter(is_missing).copied().collect()
    }
}

/// Runs [`PROBE`] and returns what it prints, or `None` if it fails or takes too long.
fn versions(
    command: &mut Command,
    limit: Duration,
) -> Option<BTreeMap<String, String>> {
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
    let stdout = BufReader::new(child.stdout.take()?);
    let (sender, lines) = channel();
    // In a thread, because stdout may never end: a child of Python may hold it open.
    thread::spawn(move || {
        stdout.lines().map_while(Result::ok).all(|line| sender.send(line).is_ok())
    });
    let deadline = Instant::now() + limit;
    let mut versions = BTreeMap::new();
    let complete = loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let Ok(line) = lines.recv_timeout(left) else { break false };
        let line = sanitize(&line, false);
        match line.split_once(' ') {
            Some((name, version)) => {
                versions.insert(name.to_owned(), version.trim().to_owned())
            }
            None => break line.is_empty(),
        };
    };
    // It has done its work, or hangs.
    let _ = child.kill();
    let _ = child.wait();
    complete.then_some(versions)
}

/// Returns the value of `WORKBOOK_PYTHON`.
pub fn chosen() -> Option<PathBuf> {
    env::var_os("WORKBOOK_PYTHON").map(PathBuf::from)
}

/// Returns the commands that create an interpreter with the packages in a requirements
/// file, such as `lessons/requirements.txt`.
fn install(requirements: &str) -> String {
    format!("python3 -m venv .venv\n  .venv/bin/pip install -r {requirements}")
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    /// Returns the versions that a shell script reports in place of Python.
    fn reported(script: &str, limit: Duration) -> Option<String> {
        let mut shell = Command::new("sh");
        let shell = shell.args(["-c", script]).stdin(Stdio::piped());
        versions(shell, limit).map(|versions| format!("{versions:?}"))
    }

    #[test]
    fn a_python_that_hangs_or_fails_is_not_used() {
        let hangs = "echo Python 3.12; exec sleep 1000";
        assert_eq!(reported(hangs, Duration::ZERO), None);
        assert_eq!(reported("echo Python 3.12; exit 1", PROBE_TIMEOUT), None);
    }

    #[test]
    fn a_child_may_hold_the_output_open() {
        // `cat` ends when its stdin does, which is after the answer.
        let script = "exec 3<&0; cat <&3 & echo Python 3.12; echo";
        let expected = r#"{"Python": "3.12"}"#;
        assert_eq!(reported(script, PROBE_TIMEOUT).as_deref(), Some(expected));
    }

    #[test]
    fn versions_have_no_escape_sequences() {
        let script = r"printf 'Python 3\033[2J.12\033]0;title\007\n\n'";
        let expected = r#"{"Python": "3.12"}"#;
        assert_eq!(reported(script, PROBE_TIMEOUT).as_deref(), Some(expected));
    }
}
