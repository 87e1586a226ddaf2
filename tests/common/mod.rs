//! Helpers shared by several tests.

use std::env;
use std::io::{self, Write};
use std::sync::OnceLock;

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
        say("NOT TESTED: found no PostgreSQL. Install it, or set DATABASE_URL.");
    }
    missing
}

/// Prints a line to stderr even if the test passes, unlike `eprintln!`, whose output
/// the test harness captures.
pub fn say(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
