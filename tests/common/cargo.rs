//! Programs, as cargo builds them.

use std::collections::HashMap;
use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Has cargo build something; returns the programs by their targets' names, as cargo
/// names them: wherever the target folder is, they are neither missing nor old.
pub fn built(args: &[&str]) -> HashMap<String, PathBuf> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(args).arg("--message-format=json");
    cargo.current_dir(env!("CARGO_MANIFEST_DIR")).stderr(Stdio::inherit());
    // What cargo told this test about its package would make build scripts run
    // again.
    let for_this_test = |name: &str| {
        [
            "CARGO_PKG_",
            "CARGO_MANIFEST_",
            "CARGO_BIN_",
            "CARGO_CRATE_",
            "CARGO_PRIMARY_",
        ]
        .iter()
        .any(|prefix| name.starts_with(prefix))
    };
    for (name, _) in env::vars().filter(|(name, _)| for_this_test(name)) {
        cargo.env_remove(name);
    }
    let output = cargo.output().expect("cargo starts");
    assert!(output.status.success(), "cargo {args:?} does not build");
    let messages = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
    let messages = messages.lines().map(|line| serde_json::from_str(line).unwrap());
    messages
        .filter_map(|message: serde_json::Value| {
            let name = message["target"]["name"].as_str()?.to_owned();
            Some((name, message["executable"].as_str()?.into()))
        })
        .collect()
}
