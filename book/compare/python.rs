//! The Python that contestants run on.

use crate::child;
use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The packages that contestants use.
pub const PACKAGES: [&str; 5] = ["aiohttp", "asyncpg", "httpx", "orjson", "uvloop"];

/// Prints its own version and those of its arguments that are installed; fails on a
/// Python that is too old.
const PROBE: &str = "import sys, importlib.metadata as m
if sys.version_info < (3, 11): sys.exit('older than 3.11')
print('Python', '.'.join(map(str, sys.version_info[:3])))
for name in sys.argv[1:]:
    try: print(name, m.version(name))
    except m.PackageNotFoundError: pass";

/// An interpreter of at least 3.11, and what it has.
pub struct Python {
    pub program: PathBuf,
    /// `Python` itself, and each package that it has.
    pub versions: BTreeMap<String, String>,
}

impl Python {
    /// The one in `WORKBOOK_PYTHON`; else of those in `target/venv` and on the path
    /// the one that has most of the packages.
    pub fn find() -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let candidates = match env::var_os("WORKBOOK_PYTHON") {
            Some(chosen) => vec![PathBuf::from(chosen)],
            None => vec![
                root.join("target/venv/bin/python"),
                root.join("target/venv/Scripts/python.exe"),
                "python3".into(),
                "python".into(),
            ],
        };
        // The first of those with most: the last that `max_by_key` sees.
        let found = candidates.into_iter().rev().filter_map(Self::probe);
        found.max_by_key(|python| python.versions.len())
    }

    fn probe(program: PathBuf) -> Option<Self> {
        let mut probe = Command::new(&program);
        probe.args(["-c", PROBE]).args(PACKAGES);
        let text = child::output(&mut probe, Duration::from_secs(20)).ok()?;
        let line = |line: &str| {
            let (name, version) = line.split_once(' ')?;
            Some((name.to_owned(), version.trim().to_owned()))
        };
        Some(Self { program, versions: text.lines().filter_map(line).collect() })
    }

    /// The packages of `needs` that it lacks.
    pub fn lacks<'a>(&self, needs: &[&'a str]) -> Vec<&'a str> {
        let lacking = |name: &&&str| !self.versions.contains_key(**name);
        needs.iter().filter(lacking).copied().collect()
    }
}

/// How to get one that has all.
pub const INSTALL: &str = "python3 -m venv target/venv\n  \
    target/venv/bin/pip install -r book/compare/requirements.txt";
