//! Programs and libraries as cargo builds them, and rustc with those libraries.

// Each test target uses only part of this file.
#![allow(dead_code)]

use std::collections::{BTreeSet, HashMap};
use std::env::{self, consts::DLL_SUFFIX};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use async_workbook::LESSONS;
use serde_json::Value;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Builds with cargo; returns the executables by target name.
///
/// The paths come from cargo itself, so they are right wherever the target folder is.
pub fn built(args: &[&str]) -> HashMap<String, PathBuf> {
    messages(args)
        .into_iter()
        .filter_map(|message| {
            let name = message["target"]["name"].as_str()?.to_owned();
            Some((name, message["executable"].as_str()?.into()))
        })
        .collect()
}

/// Returns the libraries that lessons are linked with, procedural macros included, by
/// crate name. They are built for the lessons anyway.
pub fn libraries() -> &'static HashMap<String, PathBuf> {
    static LIBRARIES: LazyLock<HashMap<String, PathBuf>> = LazyLock::new(|| {
        let is_library =
            |file: &&str| file.ends_with(".rlib") || file.ends_with(DLL_SUFFIX);
        let mut libraries: Vec<_> =
            messages(&["build", "--example", LESSONS[0].name])
                .into_iter()
                .filter_map(|message| {
                    let name = message["target"]["name"].as_str()?.replace('-', "_");
                    let files = message["filenames"].as_array()?.iter();
                    let file = files.filter_map(Value::as_str).find(is_library)?;
                    Some((name, file.into()))
                })
                .collect();
        // On a busy machine, cargo lists two versions of a crate in either order.
        libraries.sort();
        libraries.into_iter().collect()
    });
    &LIBRARIES
}

/// Returns rustc, run from the package's root with the library and its direct
/// dependencies as extern crates: the same crates that a learner's file may use.
pub fn rustc() -> Command {
    let mut rustc = bare_rustc();
    rustc.arg("--edition=2024");
    let this = ("async_workbook".to_owned(), "async_workbook".to_owned());
    for (name, library) in dependencies().into_iter().chain([this]) {
        let path = libraries().get(&library);
        let path = path.unwrap_or_else(|| panic!("cargo has not built {library}"));
        rustc.arg("--extern").arg(format!("{name}={}", path.display()));
    }
    let folders: BTreeSet<_> =
        libraries().values().filter_map(|library| library.parent()).collect();
    for folder in folders {
        rustc.arg("-L").arg(format!("dependency={}", folder.display()));
    }
    if let Some(target) = env::var_os("CARGO_BUILD_TARGET") {
        rustc.arg("--target").arg(target);
    }
    rustc
}

/// Returns the rustc that cargo uses, without environment variables that change what it
/// prints.
pub fn bare_rustc() -> Command {
    let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or("rustc".into()));
    rustc.current_dir(ROOT).env_remove("RUSTC_LOG").env_remove("RUST_BACKTRACE");
    rustc
}

/// Returns this package's dependencies that lessons have, neither optional nor for tests
/// only: the names that lessons use, and those of the libraries.
fn dependencies() -> Vec<(String, String)> {
    let mut cargo = async_workbook::cargo::command();
    cargo.args(["metadata", "--no-deps", "--offline", "--format-version=1"]);
    let output = cargo.current_dir(ROOT).output().expect("cargo starts");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let this =
        packages.iter().find(|package| package["name"] == env!("CARGO_PKG_NAME"));
    let dependencies = this.expect("this package")["dependencies"].as_array();
    let names = |dependency: &Value| {
        let library = dependency["name"].as_str().expect("a name").replace('-', "_");
        let name = dependency["rename"].as_str().unwrap_or(&library).to_owned();
        (name, library)
    };
    dependencies
        .expect("dependencies")
        .iter()
        .filter(|dependency| {
            dependency["kind"].is_null() && dependency["optional"] == false
        })
        .map(names)
        .collect()
}

/// Returns cargo's JSON messages about a build, which also list what was up to date.
fn messages(args: &[&str]) -> Vec<Value> {
    let mut cargo = async_workbook::cargo::command();
    cargo.args(args).arg("--message-format=json");
    cargo.current_dir(ROOT).stderr(Stdio::inherit());
    let output = cargo.output().expect("cargo starts");
    assert!(output.status.success(), "cargo {args:?} failed");
    let messages = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
    messages.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
