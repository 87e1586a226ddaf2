//! Runs cargo from a program that cargo itself may have started.

use std::env;
use std::process::Command;

/// Returns a command for the cargo that runs this program, else for the one on `PATH`.
///
/// The variables by which cargo describes a package to the program it runs are removed:
/// if they differ from those of an earlier build, cargo runs build scripts again and
/// recompiles every crate that depends on them.
pub fn command() -> Command {
    const PACKAGE_VARIABLES: [&str; 5] = [
        "CARGO_PKG_",
        "CARGO_MANIFEST_",
        "CARGO_BIN_",
        "CARGO_CRATE_",
        "CARGO_PRIMARY_",
    ];
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    for (name, _) in env::vars_os() {
        let is_removed = name.to_str().is_some_and(|name| {
            PACKAGE_VARIABLES.iter().any(|prefix| name.starts_with(prefix))
        });
        if is_removed {
            command.env_remove(name);
        }
    }
    command
}
