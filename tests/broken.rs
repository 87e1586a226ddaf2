//! The compiler refuses each program in `lessons/*/broken`, and what it prints is a
//! snapshot, which the book shows.
//!
//! Another compiler says the same in other words. So a snapshot begins with the
//! compiler it is from; any other one has to find the same errors in the same lines, and
//! its words are not compared.

#[path = "common/cargo.rs"]
mod cargo;
mod common;

use async_workbook::LESSONS;
use std::env;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// `rustc 1.95`, or `rustc 1.97-nightly`: within one of these, words stay the same.
static COMPILER: LazyLock<String> = LazyLock::new(|| {
    let output =
        cargo::bare_rustc().arg("--version").output().expect("rustc starts");
    named(&String::from_utf8_lossy(&output.stdout))
});

fn named(version: &str) -> String {
    let full = version.split_whitespace().nth(1).expect("rustc says its version");
    let (number, channel) = full.split_once('-').unwrap_or((full, ""));
    let minor = number.rsplit_once('.').expect("a version has three parts").0;
    let dash = if channel.is_empty() { "" } else { "-" };
    format!("rustc {minor}{dash}{channel}")
}

/// Compiles a program that must not compile; returns the compiler's messages.
fn compiler_messages(path: &str) -> String {
    let mut rustc = cargo::rustc();
    rustc.args(["--crate-type=bin", "--emit=metadata", path]);
    rustc.args(["--error-format=human", "--color=never", "--out-dir"]);
    rustc.arg(env!("CARGO_TARGET_TMPDIR"));
    let output = rustc.output().expect("rustc starts");
    let said = String::from_utf8(output.stderr).expect("rustc writes UTF-8");
    assert!(!output.status.success(), "{path} compiles:\n{said}");
    said.lines().map(|line| from_here(line) + "\n").collect()
}

/// A line that points into a dependency, without the folders where cargo has put it on
/// this machine.
fn from_here(line: &str) -> String {
    let cut = || {
        let (before, path) = line.split_once("--> ")?;
        let (_, inside) = path.split_once("/registry/src/")?;
        Some(format!("{before}--> {}", inside.split_once('/')?.1))
    };
    cut().unwrap_or_else(|| line.to_owned())
}

/// Each error's code, where it has one, and its file and line.
fn errors(said: &str) -> Vec<(&str, &str)> {
    let mut lines = said.lines();
    let mut errors = Vec::new();
    while let Some(line) = lines.next() {
        if line.starts_with("error")
            && let Some((_, place)) = lines.next().unwrap_or("").split_once("--> ")
        {
            let code = line.split(':').next().unwrap_or_default();
            errors.push((code, place.rsplit_once(':').map_or(place, |it| it.0)));
        }
    }
    errors
}

/// Whether the words are to be compared: they are from this compiler, or there are none
/// yet, or insta is told to keep new ones.
fn same_words(kept: Option<&str>) -> bool {
    let asked = env::var("INSTA_UPDATE").is_ok_and(|update| update != "no");
    asked || kept.is_none_or(|kept| kept.lines().next() == Some(&COMPILER))
}

fn is_refused(lesson: &str, program: &str) {
    let said = compiler_messages(&format!("lessons/{lesson}/broken/{program}.rs"));
    assert!(!errors(&said).is_empty(), "{program} has no error of its own:\n{said}");
    let name = format!("{lesson}_{program}");
    let kept = Some(common::snapshot(&format!("broken__{name}")))
        .filter(|kept| !kept.is_empty());
    if same_words(kept.as_deref()) {
        let said = format!("{}\n\n{said}", *COMPILER);
        insta::assert_snapshot!(name, said);
        return;
    }
    let kept = kept.unwrap_or_default();
    assert_eq!(errors(&said), errors(&kept), "{program}:\n{said}");
    // What `eprintln!` says, cargo shows of failing tests only.
    let _ = writeln!(
        std::io::stderr(),
        "WORDS NOT COMPARED: {lesson}/broken/{program}.rs has the errors it should have; \
         the words are from {}, and this is {}",
        kept.lines().next().unwrap_or_default(),
        *COMPILER
    );
}

/// The names in a lesson's folder of programs that do not compile, sorted.
fn programs(lesson: &str) -> Vec<String> {
    let folder = Path::new(ROOT).join("lessons").join(lesson).join("broken");
    let entries = std::fs::read_dir(&folder).into_iter().flatten();
    let name = |path: PathBuf| Some(path.file_stem()?.to_str()?.to_owned());
    let mut names: Vec<_> =
        entries.filter_map(|entry| name(entry.ok()?.path())).collect();
    names.sort();
    names
}

#[test]
fn every_broken_program_is_refused() {
    for lesson in LESSONS {
        for program in programs(lesson.name) {
            is_refused(lesson.name, &program);
        }
    }
}

#[test]
fn a_compiler_is_named_without_its_patch() {
    assert_eq!(named("rustc 1.95.0 (59807616e 2026-04-14)\n"), "rustc 1.95");
    assert_eq!(named("rustc 1.97.0-nightly (abc 2026-05-01)"), "rustc 1.97-nightly");
    assert_eq!(named("rustc 1.96.0-beta.2 (abc 2026-05-01)"), "rustc 1.96-beta.2");
}

#[test]
fn errors_are_told_by_code_and_line() {
    let said = "error[E0308]: mismatched\n --> a.rs:5:28\n  |\nnote: b\n --> c.rs:1:1\n\
                error: no code\n  --> a.rs:7:1\n\nerror: aborting due to 2 errors\n";
    assert_eq!(errors(said), [("error[E0308]", "a.rs:5"), ("error", "a.rs:7")]);
}

#[test]
fn a_path_into_a_dependency_begins_at_it() {
    let line = "  --> /home/me/.cargo/registry/src/x-1/tokio-1.54.1/src/a.rs:1:2";
    assert_eq!(from_here(line), "  --> tokio-1.54.1/src/a.rs:1:2");
    assert_eq!(from_here(" --> lessons/a.rs:1:2"), " --> lessons/a.rs:1:2");
}
