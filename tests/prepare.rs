//! `.workshop/prepare.sh`, with a `PATH` of fake programs.

#![cfg(unix)]

use std::env;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The system's tools that the script uses.
const TOOLS: [&str; 8] =
    ["awk", "df", "dirname", "mktemp", "rm", "sed", "sh", "tail"];

/// Programs that are good enough.
const GOOD: [(&str, &str); 6] = [
    ("rustc", "echo 'rustc 1.95.0 (59807616e 2026-04-14)'"),
    ("cargo", ""),
    ("cc", ""),
    ("initdb", ""),
    ("postgres", ""),
    ("python3", ""),
];

/// Runs the script on a machine that has only these programs, given as shell scripts;
/// returns the exit status and what it prints.
fn prepare(name: &str, programs: &[(&str, &str)]) -> (Option<i32>, String) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("prepare").join(name);
    let _ = fs::remove_dir_all(&folder);
    let bin = folder.join("bin");
    fs::create_dir_all(&bin).unwrap();
    fs::create_dir(folder.join(".workshop")).unwrap();
    for file in [".workshop/prepare.sh", "Cargo.toml"] {
        fs::copy(Path::new(ROOT).join(file), folder.join(file)).unwrap();
    }
    for tool in TOOLS {
        symlink(find(tool), bin.join(tool)).unwrap();
    }
    for (program, text) in programs {
        let file = bin.join(program);
        fs::write(&file, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut command = Command::new("sh");
    command.arg(".workshop/prepare.sh").current_dir(&folder);
    command.env_clear().env("PATH", &bin).env("WORKBOOK_POSTGRES_BIN", &bin);
    let output = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(stderr, "");
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

fn find(tool: &str) -> PathBuf {
    let path = env::var_os("PATH").unwrap();
    let mut files = env::split_paths(&path).map(|dir| dir.join(tool));
    files.find(|file| file.is_file()).expect(tool)
}

#[test]
fn a_prepared_machine_is_ready() {
    let (status, out) = prepare("ready", &GOOD);
    assert_eq!(status, Some(0), "{out}");
    assert!(out.contains("ok        Rust 1.95.0\n"), "{out}");
    assert!(out.contains("\nReady. "), "{out}");
    assert!(!out.contains("MISSING") && !out.contains("optional"), "{out}");
}

#[test]
fn every_missing_thing_has_a_command_that_installs_it() {
    let old = ("rustc", "echo 'rustc 1.88.0 (6b00bc388 2025-06-23)'");
    let fails = ("cc", "exit 1");
    for (manager, compiler, database) in [
        ("apt-get", "apt-get install build-essential", "apt-get install postgresql"),
        ("dnf", "dnf install gcc", "dnf install postgresql-server"),
        ("brew", "xcode-select --install", "brew install postgresql@17"),
        ("xcode-select", "xcode-select --install", "brew install postgresql@17"),
        ("unknown", "install gcc or clang", "install PostgreSQL"),
    ] {
        let (status, out) = prepare(manager, &[old, fails, (manager, "exit 1")]);
        assert_eq!(status, Some(1), "{out}");
        for part in [
            "MISSING   Rust 1.89 or newer: found Rust 1.88.0",
            "https://sh.rustup.rs",
            "MISSING   C compiler and linker: `cc` cannot build a program",
            compiler,
            "optional  PostgreSQL: found no initdb and postgres",
            database,
            "optional  Python 3.11 or newer with venv",
            "skipped   download of the crates",
            "Install what is MISSING, then run this again.",
        ] {
            assert!(out.contains(part), "{part:?} in\n{out}");
        }
    }
}

#[test]
fn an_old_rust_of_rustup_is_updated() {
    let old =
        [("rustc", "echo 'rustc 1.84.0 (9fc6b4312 2025-01-07)'"), ("rustup", "")];
    let (status, out) = prepare("rustup", &[&GOOD[1..], &old].concat());
    assert_eq!(status, Some(1), "{out}");
    assert!(out.contains("this folder uses Rust 1.84.0\n"), "{out}");
    assert!(out.contains("rustup update stable && rustup default stable"), "{out}");
}

#[test]
fn a_machine_without_rust_installs_it() {
    let (status, out) = prepare("no_rust", &GOOD[2..]);
    assert_eq!(status, Some(1), "{out}");
    assert!(out.contains("MISSING   Rust 1.89 or newer: found no working"), "{out}");
}

#[test]
fn optional_programs_may_be_missing() {
    let (status, out) = prepare("optional", &GOOD[..3]);
    assert_eq!(status, Some(0), "{out}");
    assert_eq!(out.matches("optional  ").count(), 2, "{out}");
}

#[test]
fn a_machine_without_a_network_reports_what_cargo_says() {
    let offline = ("cargo", "echo 'error: could not resolve host' >&2; exit 101");
    let (status, out) =
        prepare("offline", &[&GOOD[..1], &GOOD[2..], &[offline]].concat());
    assert_eq!(status, Some(1), "{out}");
    let expected = "MISSING   crates: `cargo fetch --locked` failed; is there a \
                    network?\n            error: could not resolve host\n";
    assert!(out.contains(expected), "{out}");
}
