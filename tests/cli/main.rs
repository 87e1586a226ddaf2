//! The `cargo workbook` command as a learner runs it: happy paths and failures.
//!
//! Each test has its own repository: a package without dependencies, which builds in a
//! moment, with three exercises whose checks report events as real ones do.

mod advice;
mod checks;
mod fixture;
mod progress;
mod usage;
#[cfg(unix)]
mod watch;
