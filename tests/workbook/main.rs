//! The command `cargo workbook`, as a learner runs it, in good and in bad weather.
//!
//! Each test has a repository of its own: a package without dependencies, with three
//! exercises that say what a check says. It builds in a moment.

mod checks;
mod fixture;
mod progress;
mod usage;
#[cfg(unix)]
mod watch;
