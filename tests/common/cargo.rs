//! Programs, as cargo builds them.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Stdio;

/// Has cargo build something; returns the programs by their targets' names, as cargo
/// names them: wherever the target folder is, they are neither missing nor old.
pub fn built(args: &[&str]) -> HashMap<String, PathBuf> {
    let mut cargo = async_workbook::cargo::command();
    cargo.args(args).arg("--message-format=json");
    cargo.current_dir(env!("CARGO_MANIFEST_DIR")).stderr(Stdio::inherit());
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
