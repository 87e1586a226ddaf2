//! Programs and libraries, as cargo builds them.

// Each test that shares this file needs one part of it.
#![allow(dead_code)]

use std::collections::HashMap;
use std::env::consts::DLL_SUFFIX as DLL;
use std::path::PathBuf;
use std::process::Stdio;

/// Has cargo build something; returns the programs by their targets' names, as cargo
/// names them: wherever the target folder is, they are neither missing nor old.
pub fn built(args: &[&str]) -> HashMap<String, PathBuf> {
    let messages = messages(args).into_iter();
    messages
        .filter_map(|message| {
            let name = message["target"]["name"].as_str()?.to_owned();
            Some((name, message["executable"].as_str()?.into()))
        })
        .collect()
}

/// As [`built`], but returns the libraries that the programs stand on, by the names
/// that `use` knows them by; macros among them.
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

/// What cargo tells of a build, or of all that is there and new enough.
fn messages(args: &[&str]) -> Vec<serde_json::Value> {
    let mut cargo = async_workbook::cargo::command();
    cargo.args(args).arg("--message-format=json");
    cargo.current_dir(env!("CARGO_MANIFEST_DIR")).stderr(Stdio::inherit());
    let output = cargo.output().expect("cargo starts");
    assert!(output.status.success(), "cargo {args:?} does not build");
    let messages = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
    messages.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
