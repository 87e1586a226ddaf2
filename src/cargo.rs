//! Cargo, called by a program that cargo itself may have started.

use std::env;
use std::process::Command;

/// Cargo, as whoever started this program would start it.
///
/// What a cargo told this program about its package is taken away: it would make build
/// scripts run again, and everything that stands on them.
pub fn command() -> Command {
    const ABOUT_A_PACKAGE: [&str; 5] = [
        "CARGO_PKG_",
        "CARGO_MANIFEST_",
        "CARGO_BIN_",
        "CARGO_CRATE_",
        "CARGO_PRIMARY_",
    ];
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    for (name, _) in env::vars_os() {
        let about = |name: &str| ABOUT_A_PACKAGE.iter().any(|a| name.starts_with(a));
        if name.to_str().is_some_and(about) {
            command.env_remove(name);
        }
    }
    command
}
