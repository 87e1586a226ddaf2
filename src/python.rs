//! Finds the Python that runs the lessons' Python programs and the comparison.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The packages that the lessons' programs import.
pub const LESSON_PACKAGES: [&str; 2] = ["aiohttp", "asyncpg"];

/// The packages that the comparison of Rust and Python imports.
pub const COMPARE_PACKAGES: [&str; 5] =
    ["aiohttp", "asyncpg", "httpx", "orjson", "uvloop"];

/// Prints the version of Python and of each package given as an argument that is
/// installed. Fails on a Python that is too old.
const PROBE: &str = "import sys, importlib.metadata as m
if sys.version_info < (3, 11): sys.exit('older than 3.11')
print('Python', '.'.join(map(str, sys.version_info[:3])))
for name in sys.argv[1:]:
    try: print(name, m.version(name))
    except m.PackageNotFoundError: pass";

/// An interpreter of at least version 3.11.
#[derive(Clone, Debug)]
pub struct Python {
    /// The executable.
    pub program: PathBuf,
    /// The versions of `Python` itself and of the packages that are installed.
    pub versions: BTreeMap<String, String>,
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

    /// Finds an interpreter that has all packages.
    ///
    /// # Errors
    ///
    /// If there is none: what is missing, as a clause.
    pub fn with_all(root: &Path, packages: &[&str]) -> Result<Self, String> {
        let Some(python) = Self::find(root, packages) else {
            return Err("found no Python 3.11 or newer".to_owned());
        };
        match &python.missing(packages)[..] {
            [] => Ok(python),
            missing => {
                let program = python.program.display();
                Err(format!("{program} lacks the packages {}", missing.join(", ")))
            }
        }
    }

    fn probe(program: PathBuf, packages: &[&str]) -> Option<Self> {
        let probe =
            Command::new(&program).args(["-c", PROBE]).args(packages).output();
        let output = probe.ok().filter(|output| output.status.success())?;
        let text = String::from_utf8(output.stdout).ok()?;
        let line = |line: &str| {
            let (name, version) = line.split_once(' ')?;
            Some((name.to_owned(), version.trim().to_owned()))
        };
        Some(Self { program, versions: text.lines().filter_map(line).collect() })
    }

    /// Returns the packages that are not installed.
    pub fn missing<'a>(&self, packages: &[&'a str]) -> Vec<&'a str> {
        let is_missing = |name: &&&str| !self.versions.contains_key(**name);
        packages.iter().filter(is_missing).copied().collect()
    }
}

/// Returns the value of `WORKBOOK_PYTHON`.
pub fn chosen() -> Option<PathBuf> {
    env::var_os("WORKBOOK_PYTHON").map(PathBuf::from)
}

/// Returns the commands that create an interpreter with the packages in a requirements
/// file, such as `lessons/requirements.txt`.
pub fn install(requirements: &str) -> String {
    format!("python3 -m venv .venv\n  .venv/bin/pip install -r {requirements}")
}
