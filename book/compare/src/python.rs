//! Finds the Python interpreter for the contestants.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::subprocess;

/// The packages that contestants import.
pub const PACKAGES: [&str; 5] = ["aiohttp", "asyncpg", "httpx", "orjson", "uvloop"];

/// Prints the version of Python and of each package given as an argument that is
/// installed. Fails on a Python that is too old.
const PROBE: &str = "import sys, importlib.metadata as m
if sys.version_info < (3, 11): sys.exit('older than 3.11')
print('Python', '.'.join(map(str, sys.version_info[:3])))
for name in sys.argv[1:]:
    try: print(name, m.version(name))
    except m.PackageNotFoundError: pass";

/// An interpreter of at least version 3.11.
pub struct Python {
    pub program: PathBuf,
    /// The versions of `Python` itself and of the packages that are installed.
    pub versions: BTreeMap<String, String>,
}

impl Python {
    /// Uses `WORKBOOK_PYTHON` if it is set. Otherwise picks the interpreter with the
    /// most of the packages, from `.venv` and the `PATH`.
    pub fn find() -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let candidates = match env::var_os("WORKBOOK_PYTHON") {
            Some(chosen) => vec![PathBuf::from(chosen)],
            None => vec![
                root.join(".venv/bin/python"),
                root.join(".venv/Scripts/python.exe"),
                "python3".into(),
                "python".into(),
            ],
        };
        // `max_by_key` returns the last of several maxima; reversed, that is the
        // first.
        let found = candidates.into_iter().rev().filter_map(Self::probe);
        found.max_by_key(|python| python.versions.len())
    }

    fn probe(program: PathBuf) -> Option<Self> {
        let mut probe = Command::new(&program);
        probe.args(["-c", PROBE]).args(PACKAGES);
        let text = subprocess::output(&mut probe, Duration::from_secs(20)).ok()?;
        let line = |line: &str| {
            let (name, version) = line.split_once(' ')?;
            Some((name.to_owned(), version.trim().to_owned()))
        };
        Some(Self { program, versions: text.lines().filter_map(line).collect() })
    }

    /// The packages that are not installed.
    pub fn missing<'a>(&self, packages: &[&'a str]) -> Vec<&'a str> {
        let is_missing = |name: &&&str| !self.versions.contains_key(**name);
        packages.iter().filter(is_missing).copied().collect()
    }
}

/// The commands that create an interpreter with all packages.
pub const INSTALL: &str = "python3 -m venv .venv\n  \
    .venv/bin/pip install -r book/compare/requirements.txt";
