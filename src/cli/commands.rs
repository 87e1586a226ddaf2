//! The subcommands, one module each.

pub mod check;
pub mod doctor;
pub mod hint;
pub mod list;
pub mod open;
pub mod reset;
pub mod run;
pub mod solution;
pub mod status;
pub mod watch;
