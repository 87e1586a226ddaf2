//! Builds programs and libraries with Cargo and returns their paths.

// Each test uses only a part of this file.
#![allow(dead_code)]

use std::collections::HashMap;
use std::env::consts::DLL_SUFFIX as DLL;
use std::path::PathBuf;
use std::process::Stdio;

/// Builds with Cargo and returns the paths of the programs by the names of their
/// targets. Cargo reports the paths, so this works with any target directory.
pub fn built(args: &[&str]) -> HashMap<String, PathBuf> {
    let messages = messages(args).into_iter();
    messages
        .filter_map(|message| {
            let name = message["target"]["name"].as_str()?.to_owned();
            Some((name, message["executable"].as_str()?.into()))
        })
        .collect()
}

/// Builds with Cargo and returns the paths of the libraries, including procedural
/// macros, by their crate names.
pub fn libraries(args: &[&str]) -> HashMap<String, PathBuf> {
    let is_library = |file: &&str| file.ends_with(".rlib") || file.ends_with(DLL);
    let messages = messages(args).into_iter();
    messages
        .filter_map(|message| {
            let name = message["target"]["name"].as_str()?.replace('-', "_");
            let files = message["filenames"].as_array()?.iter();
            let file = files.filter_map(|file| file.as_str()).find(is_library)?;
            Some((name, file.into()))
        })
        .collect()
}

/// Returns Cargo's messages about a build, including those about fresh targets.
fn messages(args: &[&str]) -> Vec<serde_json::Value> {
    let mut cargo = async_workbook::cargo::command();
    cargo.args(args).arg("--message-format=json");
    cargo.current_dir(env!("CARGO_MANIFEST_DIR")).stderr(Stdio::inherit());
    let output = cargo.output().expect("cargo runs");
    assert!(output.status.success(), "cargo {args:?} failed");
    let messages = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
    messages.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
