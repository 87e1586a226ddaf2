//! What several tests need.

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
