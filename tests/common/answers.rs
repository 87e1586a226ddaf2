//! Builds, for each lesson, one test program that holds every answer to its exercise:
//! solution, starter and wrong answers, each next to the check.
//!
//! A file in `lessons/*/wrong` has only the items that differ from `solution.rs`. The
//! full program is composed from both: the wrong file as it is (so that the line numbers
//! in its panics are its own), then each item of the solution that it does not define.
//! The solution's imports go into a module that is imported by glob, where the wrong
//! file's own imports shadow them.
//!
//! ```text
//! //! Wrong: ...              the wrong file
//! async fn guides(..) {..}
//! use imports::*;            the rest of the solution
//! mod imports { pub(super) use anyhow::Result; .. }
//! async fn guide(..) {..}
//! #[path = ".../check.rs"] mod check;
//! ```
//!
//! `rustc` compiles it directly, against libraries that cargo has built for the lessons
//! anyway, and only when the content of a source, this package's library or a dependency
//! has changed.

use std::env::consts::EXE_EXTENSION;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::thread;

use crate::cargo;
use crate::common::{self, Limit};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Returns the path of a lesson's program, after building it if it is missing or stale.
///
/// Its tests are called `solution::check::check`, `starter::check::check` and
/// `wrong::NAME::check::check`.
///
/// # Panics
///
/// If an answer does not compile.
pub fn program(lesson: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("answers").join(lesson);
    let composed = folder.join("wrong");
    let root = folder.join("answers.rs");
    write_if_changed(&root, &root_module(lesson, &composed));
    // Another run of the tests may find it stale at the same time.
    let lock = fs::File::create(folder.join("lock")).expect("a file for the lock");
    lock.lock().expect("the lock");
    let program = folder.join("answers").with_extension(EXE_EXTENSION);
    let built_from = folder.join("inputs");
    let is_built = program.exists()
        && hash_inputs(&folder)
            .is_some_and(|now| read_if_exists(&built_from) == now);
    if !is_built {
        // Each may take 1 GB of memory.
        static COMPILERS: Limit = Limit::new();
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let _permit = COMPILERS.permit(cores);
        let mut rustc = cargo::rustc();
        rustc.args(["--test", "--crate-name=answers", "-Cdebuginfo=0"]);
        rustc.arg("--emit=link,dep-info").arg("--out-dir").arg(&folder);
        rustc.arg(format!("-Cincremental={}", folder.join("incremental").display()));
        // Panics then name the file as its author knows it.
        rustc.arg(format!("--remap-path-prefix={ROOT}/="));
        let wrong = format!("lessons/{lesson}/wrong");
        rustc.arg(format!("--remap-path-prefix={}={wrong}", composed.display()));
        let output = rustc.arg(&root).output().expect("rustc starts");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "an answer does not compile:\n{errors}");
        let inputs = hash_inputs(&folder).expect("rustc lists the sources");
        write_if_changed(&built_from, &inputs);
    }
    program
}

/// Returns the names of a lesson's wrong answers, sorted.
pub fn wrong_answers(lesson: &str) -> Vec<String> {
    let folder = Path::new(ROOT).join("lessons").join(lesson).join("wrong");
    let names = common::stems(&folder, "rs");
    assert!(!names.is_empty(), "{} has no wrong answer", folder.display());
    names
}

/// Composes the wrong answers of a lesson into files in `composed`; returns the source of
/// the crate root, which declares all answers as modules.
fn root_module(lesson: &str, composed: &Path) -> String {
    let mut root = String::from("#![allow(dead_code, unused_imports)]\n");
    let source = Path::new(ROOT).join("lessons").join(lesson);
    let solution = read(&source.join("solution.rs"));
    for answer in ["solution", "starter"] {
        root += &module(answer, &source.join(answer).with_extension("rs"));
    }
    root += "mod wrong {\n";
    for answer in wrong_answers(lesson) {
        let file = source.join("wrong").join(&answer).with_extension("rs");
        let path = composed.join(&answer).with_extension("rs");
        let program = compose(&file, &read(&file), &solution, &source);
        write_if_changed(&path, &program);
        root += &module(&answer, &path);
    }
    root + "}\n"
}

fn module(name: &str, path: &Path) -> String {
    format!("#[path = {path:?}] mod {name};\n")
}

/// Adds the parts of `solution` that `wrong`, the text of `file`, does not define. The
/// solution's files, such as `check.rs`, are in the folder `source`.
pub fn compose(file: &Path, wrong: &str, solution: &str, source: &Path) -> String {
    let replaced: Vec<_> =
        items(file, wrong).iter().filter_map(|item| defines(item)).collect();
    let solution = items(&source.join("solution.rs"), solution);
    let mut imports = String::new();
    let mut rest = String::new();
    let modules: Vec<_> = solution
        .iter()
        .filter_map(|item| Some(defines(item)?.strip_prefix("mod ")?.to_owned()))
        .collect();
    for item in solution {
        if let Some(import) = item.strip_prefix("use ") {
            let first = import.split("::").next().unwrap_or_default();
            let local = modules.iter().any(|module| module == first);
            let from = if local { "super::" } else { "" };
            imports += &format!("    pub(super) use {from}{import}");
            continue;
        }
        let Some(name) = defines(&item) else { continue };
        if replaced.contains(&name) {
            continue;
        }
        match name.strip_prefix("mod ") {
            Some(name) => {
                rest += &module(name, &source.join(name).with_extension("rs"))
            }
            None => rest += &item,
        }
    }
    format!("{wrong}\nuse imports::*;\nmod imports {{\n{imports}}}\n{rest}")
}

/// Splits the text of a file into its top-level items, comments and attributes included.
/// Inner doc comments are left out.
///
/// It relies on rustfmt: an item ends at the first line in column 0 that ends with `}` or
/// `;`.
///
/// # Panics
///
/// If the last item has no such line.
fn items(file: &Path, source: &str) -> Vec<String> {
    let mut items = Vec::new();
    let mut item = String::new();
    for line in source.lines().filter(|line| !line.starts_with("//!")) {
        if item.is_empty() && line.trim().is_empty() {
            continue;
        }
        item += line;
        item.push('\n');
        let in_column_0 = !line.starts_with([' ', '/', '#']);
        if in_column_0 && line.ends_with(['}', ';']) {
            items.push(std::mem::take(&mut item));
        }
    }
    assert!(
        item.trim().is_empty(),
        "{}: not formatted by rustfmt, or an item without its end: {item}",
        file.display()
    );
    items
}

/// Returns what an item defines, such as `fn guides`, `struct Guide`, `mod check` or
/// `impl Error for FetchError`; `None` for an import.
fn defines(item: &str) -> Option<String> {
    let start = item.lines().position(|line| !line.starts_with(['/', '#']))?;
    let code = item.lines().skip(start).collect::<Vec<_>>().join(" ");
    let mut words = code.split_whitespace().filter(|word| {
        !matches!(*word, "async" | "unsafe") && !word.starts_with("pub")
    });
    match words.next()? {
        "use" => None,
        kind if kind.starts_with("impl") => {
            let header = code.split('{').next().unwrap_or_default();
            Some(header.split_whitespace().collect::<Vec<_>>().join(" "))
        }
        kind => {
            let name = words.next()?;
            let end = name.find(|c: char| !c.is_alphanumeric() && c != '_');
            Some(format!("{kind} {}", &name[..end.unwrap_or(name.len())]))
        }
    }
}

fn read(path: &Path) -> String {
    let text = fs::read_to_string(path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.replace("\r\n", "\n")
}

fn write_if_changed(path: &Path, text: &str) {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return;
    }
    fs::create_dir_all(path.parent().expect("a file in a folder")).unwrap();
    fs::write(path, text)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// Hashes the program's inputs: the sources in rustc's dep-info file, the time when this
/// package's library was built (hashing all of it takes longer than the checks), and the
/// paths of the other libraries (cargo puts a hash in each file name).
fn hash_inputs(folder: &Path) -> Option<String> {
    let list = fs::read_to_string(folder.join("answers.d")).ok()?;
    let mut hasher = DefaultHasher::new();
    // Each source is also listed as a target without prerequisites: `path:`.
    for path in list.lines().filter_map(|line| line.strip_suffix(':')) {
        fs::read(path.replace("\\ ", " ")).ok()?.hash(&mut hasher);
    }
    let mut libraries: Vec<_> = cargo::libraries().iter().collect();
    libraries.sort();
    libraries.hash(&mut hasher);
    let library = fs::metadata(&cargo::libraries()["async_workbook"]).ok()?;
    library.modified().ok()?.hash(&mut hasher);
    Some(format!("{:016x}\n", hasher.finish()))
}

fn read_if_exists(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOLUTION: &str = "//! A solution.\n\nmod site;\n\nuse anyhow::Result;\nuse site::{\n    \
        a,\n};\n\n/// Docs; with `}`\n#[derive(Debug)]\nstruct Page {\n    size: u32,\n}\n\nasync fn \
        one(\n    a: u8,\n) -> Result<u8>\nwhere\n    u8: Copy,\n{\n    Ok(a)\n}\n\nfn two() {}\n\n\
        #[cfg(test)]\nmod check;\n";

    #[test]
    fn items_are_found_with_their_comments() {
        let items = items(Path::new("solution.rs"), SOLUTION);
        let names: Vec<_> = items.iter().map(|item| defines(item)).collect();
        let names: Vec<_> = names.iter().map(Option::as_deref).collect();
        let page = Some("struct Page");
        let expected =
            [Some("mod site"), None, None, page, Some("fn one"), Some("fn two")];
        assert_eq!(names, [&expected[..], &[Some("mod check")]].concat());
        assert!(items[3].starts_with("/// Docs; with `}`\n#[derive"));
        assert_eq!(
            defines("impl<T> fmt::Display\n    for Page<T>\n{\n}\n").as_deref(),
            Some("impl<T> fmt::Display for Page<T>")
        );
    }

    #[test]
    #[should_panic = "wrong/a.rs: not formatted by rustfmt"]
    fn an_item_without_its_end_is_reported_with_its_file() {
        items(Path::new("wrong/a.rs"), "fn one() {\n    }\n");
    }

    #[test]
    fn a_wrong_answer_comes_first_and_replaces_what_it_defines() {
        let wrong = "//! Wrong.\n\npub async fn one() {\n}\n";
        let composed =
            compose(Path::new("wrong.rs"), wrong, SOLUTION, Path::new("/x"));
        assert!(composed.starts_with(wrong));
        assert_eq!(composed.matches("fn one").count(), 1);
        assert_eq!(composed.matches("fn two").count(), 1);
        assert!(composed.contains("pub(super) use anyhow::Result;"));
        assert!(composed.contains("pub(super) use super::site::{"));
        assert!(composed.contains("#[path = \"/x/check.rs\"] mod check;"));
    }
}
