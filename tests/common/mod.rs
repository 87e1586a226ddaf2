//! What several tests need.

use std::{
    env,
    path::{Path, PathBuf},
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
        assert!(
            env::var("CI").as_deref() != Ok("true"),
            "CI has no PostgreSQL"
        );
        eprintln!(
            "NOT TESTED: found no PostgreSQL. Install it, or set DATABASE_URL."
        );
    }
    missing
}

/// Where private servers of tests keep their data: in memory where that can be. Dozens
/// of them make and remove some 400 files each, and a disk can take seconds over that.
pub fn quick_folder() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        memory.into()
    } else {
        env::temp_dir()
    }
}
