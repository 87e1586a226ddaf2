//! Helpers for several test targets.

// Each test target uses only part of this file.
#![allow(dead_code)]

use std::{
    env,
    io::{self, Write},
    sync::OnceLock,
};

use async_workbook::postgres::{self, Problem};

/// Whether there is neither a `DATABASE_URL` nor an installed PostgreSQL, so that a
/// test that needs one has to let it pass. Says so on standard error.
///
/// # Panics
///
/// When `CI` is `true`: a test that silently checks nothing is worth nothing there.
pub fn postgres_missing() -> bool {
    static MISSING: OnceLock<bool> = OnceLock::new();
    let missing = *MISSING.get_or_init(|| {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let started = runtime.block_on(postgres::start());
        // Any other problem is for the test to fail with.
        started.is_err_and(|error| {
            matches!(
                error.downcast_ref(),
                Some(Problem::NoPrograms { .. } | Problem::NotHere)
            )
        })
    });
    if missing {
        assert!(env::var("CI").as_deref() != Ok("true"), "CI has no PostgreSQL");
        say("NOT TESTED: found no PostgreSQL. Install it, or set DATABASE_URL.");
    }
    missing
}

/// Tells whoever runs the tests. What `eprintln!` says, cargo shows of failing tests
/// only.
pub fn say(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Reads an accepted snapshot without insta's header; returns an empty string if there is
/// none.
pub fn snapshot(name: &str) -> String {
    let file = format!("{}/tests/snapshots/{name}.snap", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let text = text.replace("\r\n", "\n");
    text.split_once("\n---\n").map_or_else(String::new, |(_, body)| body.to_owned())
}
