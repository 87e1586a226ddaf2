//! The rules for width and color on stdout.

use std::env;
use std::io::{self, IsTerminal};

/// Returns the width of stdout in columns: `COLUMNS` if it is set, otherwise the
/// width of the terminal, otherwise 80.
pub fn columns() -> usize {
    let variable = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let terminal = || termsize::get().map(|size| size.cols.into());
    variable.or_else(terminal).unwrap_or(80)
}

/// Returns whether stdout is a terminal that understands escape sequences.
pub fn is_capable() -> bool {
    io::stdout().is_terminal()
        && env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Returns whether to use color by default: on a capable terminal, unless
/// `NO_COLOR` is set.
pub fn color() -> bool {
    is_capable() && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
