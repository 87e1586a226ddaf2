//! Helpers for several test targets.

// Each test target uses only part of this file.
#![allow(dead_code)]

use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Condvar, Mutex, OnceLock};

use async_workbook::postgres::{self, Problem};

/// Returns whether there is neither a `DATABASE_URL` nor an installed PostgreSQL, so
/// that a test has to be skipped. Prints a notice in that case.
///
/// # Panics
///
/// If `CI` is `true`, where a skipped test must not pass silently.
pub fn postgres_missing() -> bool {
    static MISSING: OnceLock<bool> = OnceLock::new();
    let missing = *MISSING.get_or_init(|| {
        let runtime = tokio::runtime::Runtime::new().expect("a tokio runtime");
        let started = runtime.block_on(postgres::start());
        // With any other problem, the test itself fails.
        started.is_err_and(|error| {
            error.downcast_ref().is_some_and(Problem::is_missing)
        })
    });
    if missing {
        assert!(env::var("CI").as_deref() != Ok("true"), "CI has no PostgreSQL");
        print_notice(
            "NOT TESTED: found no PostgreSQL. Install it, or set DATABASE_URL.",
        );
    }
    missing
}

/// Prints a line to stderr. Unlike `eprintln!`, whose output libtest captures, it is
/// visible even if the test passes.
pub fn print_notice(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Reads an accepted snapshot without insta's header; returns an empty string if there is
/// none.
pub fn snapshot(name: &str) -> String {
    let file = format!("{}/tests/snapshots/{name}.snap", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(file).unwrap_or_default();
    let text = text.replace("\r\n", "\n");
    text.split_once("\n---\n").map_or_else(String::new, |(_, body)| body.to_owned())
}

/// Returns the names without extension of a folder's files with this extension, sorted;
/// nothing if there is no such folder. Skips what editors leave next to a file, such as
/// Emacs's `.#name.rs`, a dangling symbolic link.
pub fn stems(folder: &Path, extension: &str) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let stem = |path: &Path| {
        let stem = path.file_stem()?.to_str()?;
        let is_one = path.extension()? == extension && path.is_file();
        (is_one && !stem.starts_with(['.', '#'])).then(|| stem.to_owned())
    };
    let mut stems: Vec<_> =
        entries.filter_map(|entry| stem(&entry.ok()?.path())).collect();
    stems.sort();
    stems
}

/// Returns the fenced code blocks of a language in a Markdown text.
pub fn fenced(markdown: &str, language: &str) -> Vec<String> {
    let markdown = markdown.replace("\r\n", "\n");
    let opening = format!("\n```{language}\n");
    let blocks = markdown.split(&*opening).skip(1);
    let code = |rest: &str| rest.split("```").next().unwrap_or_default().to_owned();
    blocks.map(code).collect()
}

/// Limits how many of something run at once, in all tests together.
pub struct Limit {
    running: Mutex<usize>,
    ended: Condvar,
}

/// Lets another one start when it is dropped.
pub struct Permit<'a>(&'a Limit);

impl Limit {
    pub const fn new() -> Self {
        Self { running: Mutex::new(0), ended: Condvar::new() }
    }

    /// Waits until fewer than `most` are running.
    pub fn permit(&self, most: usize) -> Permit<'_> {
        let running = self.running.lock().unwrap();
        *self.ended.wait_while(running, |running| *running >= most).unwrap() += 1;
        Permit(self)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        *self.0.running.lock().unwrap() -= 1;
        self.0.ended.notify_one();
    }
}
