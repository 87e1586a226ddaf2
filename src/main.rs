//! The `cargo workbook` command: checks the exercises, with a verdict at every save.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
