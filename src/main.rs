//! `cargo workbook`: try the exercises, with an answer at every save.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
