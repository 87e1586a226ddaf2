//! Compiles each program in `lessons/*/broken`, which must fail, and compares the
//! compiler's messages with a snapshot. The book shows these snapshots.
//!
//! Wording differs between compiler versions. Each snapshot records its compiler; any
//! other version must report the same codes and lines, and its text is not compared.
//!
//! Also compiles the code of a chapter that no lesson has.

#[path = "common/cargo.rs"]
mod cargo;
mod common;

use std::env;
use std::path::Path;
use std::sync::LazyLock;

use async_workbook::LESSONS;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The compiler's name without the patch version, such as `rustc 1.95` or
/// `rustc 1.97-nightly`. Patch releases do not change the wording.
static COMPILER: LazyLock<String> = LazyLock::new(|| {
    let mut rustc = cargo::bare_rustc();
    let output = rustc.arg("--version").output().expect("rustc starts");
    compiler_name(&String::from_utf8_lossy(&output.stdout))
});

fn compiler_name(version: &str) -> String {
    let full = version.split_whitespace().nth(1).expect("a version after `rustc`");
    let (number, channel) = full.split_once('-').unwrap_or((full, ""));
    let (minor, _patch) = number.rsplit_once('.').expect("three numbers");
    let dash = if channel.is_empty() { "" } else { "-" };
    format!("rustc {minor}{dash}{channel}")
}

/// Compiles a program. Returns whether that succeeds, and what rustc prints on stderr.
fn compile(path: &str, kind: &str) -> (bool, String) {
    let mut rustc = cargo::rustc();
    rustc.args([kind, "--emit=metadata", path]);
    rustc.args(["--error-format=human", "--color=never", "--out-dir"]);
    rustc.arg(env!("CARGO_TARGET_TMPDIR"));
    let output = rustc.output().expect("rustc starts");
    let stderr = String::from_utf8(output.stderr).expect("rustc writes UTF-8");
    (output.status.success(), stderr)
}

/// Returns the compiler's messages about a program.
///
/// # Panics
///
/// If the program compiles.
fn compiler_messages(path: &str) -> String {
    let (compiles, stderr) = compile(path, "--crate-type=bin");
    assert!(!compiles, "{path} compiles:\n{stderr}");
    stderr.lines().map(|line| strip_registry(line) + "\n").collect()
}

/// Removes the path of cargo's registry, which differs between machines, or of vendored
/// crates from a line that points into a dependency.
fn strip_registry(line: &str) -> String {
    let strip = || {
        let (before, path) = line.split_once("--> ")?;
        let in_dependency = match path.split_once("/registry/src/") {
            Some((_, in_registry)) => in_registry.split_once('/')?.1,
            None => path.split_once("vendor/")?.1,
        };
        Some(format!("{before}--> {in_dependency}"))
    };
    strip().unwrap_or_else(|| line.to_owned())
}

/// Returns the code of each error, such as `error[E0308]`, or `error` if it has none, and
/// its file and line.
fn errors(messages: &str) -> Vec<(&str, &str)> {
    let mut lines = messages.lines();
    let mut errors = Vec::new();
    while let Some(line) = lines.next() {
        if line.starts_with("error")
            && let Some((_, location)) =
                lines.next().and_then(|next| next.split_once("--> "))
        {
            let (code, _) = line.split_once(':').unwrap_or((line, ""));
            let (line, _column) =
                location.rsplit_once(':').unwrap_or((location, ""));
            errors.push((code, line));
        }
    }
    errors
}

/// Returns whether to compare the whole text with a snapshot: if the same compiler wrote
/// the snapshot, if there is none yet, or if insta is to update it.
fn compare_text(snapshot: &str) -> bool {
    let update_requested =
        env::var("INSTA_UPDATE").is_ok_and(|update| update != "no");
    update_requested
        || snapshot.is_empty()
        || snapshot.lines().next() == Some(&COMPILER)
}

/// Asserts that a program does not compile, with the errors in its snapshot.
fn assert_rejected(lesson: &str, program: &str) {
    let file = format!("lessons/{lesson}/broken/{program}.rs");
    let messages = compiler_messages(&file);
    assert!(!errors(&messages).is_empty(), "{file} has no error:\n{messages}");
    let name = format!("{lesson}_{program}");
    let snapshot = common::snapshot(&format!("broken__{name}"));
    if compare_text(&snapshot) {
        let text = format!("{}\n\n{messages}", *COMPILER);
        insta::assert_snapshot!(name, text);
        return;
    }
    assert_eq!(errors(&messages), errors(&snapshot), "{file}:\n{messages}");
    let recorded = snapshot.lines().next().unwrap_or_default();
    common::print_notice(&format!(
        "TEXT NOT COMPARED: {file} has the expected errors; the snapshot is from \
         {recorded}, this is {}",
        *COMPILER
    ));
}

/// Returns the names of a lesson's programs that must not compile, sorted.
fn programs(lesson: &str) -> Vec<String> {
    let folder = Path::new(ROOT).join("lessons").join(lesson).join("broken");
    // Most lessons have no such folder.
    common::stems(&folder, "rs")
}

#[test]
fn broken_programs_are_rejected_with_the_errors_in_their_snapshots() {
    for lesson in LESSONS {
        for program in programs(lesson.name) {
            assert_rejected(lesson.name, &program);
        }
    }
}

/// The page about a program of the reader's own has its code typed by hand: a program and
/// its test.
#[test]
fn a_program_of_your_own_compiles_without_warnings() {
    let page = Path::new(ROOT).join("book/chapters/your_own_program.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let code = common::fenced(&page, "rust,ignore").concat();
    assert!(code.contains("#[tokio::main]") && code.contains("#[tokio::test"));
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("your_own_program.rs");
    std::fs::write(&file, code).expect("a writable file");
    let file = file.to_str().expect("a path in UTF-8");
    for kind in ["--crate-type=bin", "--test"] {
        assert_eq!(compile(file, kind), (true, String::new()));
    }
}

#[test]
fn compiler_names_omit_the_patch_version() {
    let stable = "rustc 1.95.0 (59807616e 2026-04-14)\n";
    assert_eq!(compiler_name(stable), "rustc 1.95");
    let nightly = "rustc 1.97.0-nightly (abc 2026-05-01)";
    assert_eq!(compiler_name(nightly), "rustc 1.97-nightly");
    let beta = "rustc 1.96.0-beta.2 (abc 2026-05-01)";
    assert_eq!(compiler_name(beta), "rustc 1.96-beta.2");
}

#[test]
fn errors_are_parsed_into_codes_and_lines() {
    let messages = "error[E0308]: mismatched\n --> a.rs:5:28\n  |\nnote: b\n --> c.rs:1:1\n\
                    error: no code\n  --> a.rs:7:1\n\nerror: aborting due to 2 errors\n";
    assert_eq!(errors(messages), [("error[E0308]", "a.rs:5"), ("error", "a.rs:7")]);
}

#[test]
fn the_registry_is_stripped_from_paths() {
    let line = "  --> /home/me/.cargo/registry/src/x-1/tokio-1.54.1/src/a.rs:1:2";
    assert_eq!(strip_registry(line), "  --> tokio-1.54.1/src/a.rs:1:2");
    let vendored = "  --> /kit/vendor/tokio-1.54.1/src/a.rs:1:2";
    assert_eq!(strip_registry(vendored), "  --> tokio-1.54.1/src/a.rs:1:2");
    assert_eq!(strip_registry(" --> lessons/a.rs:1:2"), " --> lessons/a.rs:1:2");
}
