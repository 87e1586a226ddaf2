//! Runs each lesson's Python program and compares its output with a snapshot.
//!
//! The programs get the same web server and the same kind of database as the lessons.
//! asyncio has no paused clock, so they run on the real one, with delays long enough that
//! rounding hides the usual noise. On a busy machine a time can still be too long, or two
//! events can come in another order: a run that prints something else is repeated, up to
//! eight times.

mod common;

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{LazyLock, Once};
use std::thread;
use std::time::Duration;

use async_workbook::python::{self, LESSON_PACKAGES, MissingPython, Python};
use async_workbook::timeline::Recording;
use async_workbook::{LESSONS, Lesson, postgres, web};
use common::print_notice;
use tokio::runtime::Runtime;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Finds a Python that has all `packages`. Prints a notice if there is none.
///
/// # Panics
///
/// If there is none and `CI` is `true` or `WORKBOOK_PYTHON` is set, where a skipped test
/// must not pass silently.
fn find_python(packages: &[&str]) -> Option<&'static Path> {
    static PYTHON: LazyLock<Option<Python>> =
        LazyLock::new(|| Python::find(Path::new(ROOT), &LESSON_PACKAGES));
    let found = PYTHON.as_ref().filter(|python| python.missing(packages).is_empty());
    if let Some(python) = found {
        return Some(&python.program);
    }
    let needed = format!("Python 3.11 or newer with {}", packages.join(", "));
    if let Some(program) = python::chosen() {
        panic!("WORKBOOK_PYTHON={} does not provide: {needed}", program.display());
    }
    assert!(env::var("CI").as_deref() != Ok("true"), "CI has no {needed}");
    static NOTICE: Once = Once::new();
    NOTICE.call_once(|| {
        let requirements = "lessons/requirements.txt";
        let python = Python::with_all(Path::new(ROOT), packages, requirements);
        let MissingPython { problem, advice } = python.expect_err("none was found");
        print_notice(&format!(
            "\nNOT TESTED: the Python programs: {problem}.\n{advice}\n"
        ));
    });
    None
}

// ---- The programs ----

/// Returns the command that runs `lessons/NAME/python.py`, without environment variables
/// that change what it does or prints.
fn program(python: &Path, name: &str) -> Command {
    command(python, &[&path(name)])
}

/// Returns the command that runs it and saves what its tasks did.
fn recorded(python: &Path, name: &str) -> Command {
    command(python, &[Path::new("tests/record.py"), &path(name), &recording(name)])
}

fn command(python: &Path, args: &[&Path]) -> Command {
    let mut program = Command::new(python);
    program.args(args).current_dir(ROOT);
    for variable in [
        "DATABASE_URL",
        "PYTHONASYNCIODEBUG",
        "PYTHONDEVMODE",
        "PYTHONWARNINGS",
        "WEB_URL",
    ] {
        program.env_remove(variable);
    }
    program
}

/// The lessons whose Python programs are recorded: the book shows their tasks next to
/// the futures of the Rust programs. That of 03 is recorded with a slow page 1, as the
/// Rust program with `--delay 300`.
const RECORDED: [&str; 2] = ["03_gather", "06_errors"];
const SLOW_PAGE: Duration = Duration::from_millis(300);

fn recording(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("{}_{name}.json", std::process::id()))
}

fn path(name: &str) -> PathBuf {
    Path::new(ROOT).join("lessons").join(name).join("python.py")
}

fn read_source(name: &str) -> String {
    let path = path(name);
    std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns the packages that the program imports and that do not come with Python.
fn packages(name: &str) -> Vec<&'static str> {
    let source = read_source(name);
    let mut packages = LESSON_PACKAGES.to_vec();
    packages.retain(|package| source.contains(&format!("from {package} import")));
    packages
}

/// Runs a lesson's program and compares its output with the snapshot.
fn assert_prints_snapshot(name: &str) {
    let Some(python) = find_python(&packages(name)) else {
        return;
    };
    let postgres = Lesson::named(name).expect("a lesson with this name").postgres;
    if postgres && common::postgres_missing() {
        return;
    }
    let mut programs = vec![program(python, name)];
    programs.extend(RECORDED.contains(&name).then(|| recorded(python, name)));
    // A multi-thread runtime: the server responds while this thread waits for the
    // program.
    let runtime = Runtime::new().expect("a runtime");
    let start = || runtime.block_on(web::Server::start()).expect("a server");
    let servers = [start(), start()];
    servers[1].delay("/page/1", SLOW_PAGE);
    let database =
        postgres.then(|| runtime.block_on(postgres::start()).expect("a database"));
    for (program, server) in programs.iter_mut().zip(&servers) {
        program.env("WEB_URL", server.url(""));
        if let Some(database) = &database {
            program.env("DATABASE_URL", database.url());
        }
    }
    let snapshots = [format!("python__{name}"), format!("python__{name}_timeline")];
    let snapshots =
        snapshots.iter().take(programs.len()).map(|name| common::snapshot(name));
    let snapshots: Vec<_> =
        snapshots.map(|text| text.trim_end().to_owned()).collect();
    let mut run = || {
        let mut results = vec![run(&mut programs[0]).trim_end().to_owned()];
        if let Some(recorded) = programs.get_mut(1) {
            run(recorded);
            let json = std::fs::read(recording(name)).expect("a recording");
            std::fs::remove_file(recording(name)).expect("the file can be removed");
            let timeline: Recording = serde_json::from_slice(&json).unwrap();
            results.push(serde_json::to_string_pretty(&timeline).unwrap());
        }
        results
    };
    let mut results = run();
    // Back off: a machine that is busy now may be busy for some seconds more.
    for seconds in 1..=8 {
        if results == snapshots {
            break;
        }
        print_notice(&format!(
            "{name}: differs from its snapshot, as on a busy machine; retrying in \
             {seconds} s"
        ));
        thread::sleep(Duration::from_secs(seconds));
        results = run();
    }
    if let Some(timeline) = results.get(1) {
        insta::assert_snapshot!(format!("{name}_timeline"), timeline);
    }
    insta::assert_snapshot!(name, results[0]);
}

/// Runs a program that must succeed and print nothing on stderr; returns its stdout.
fn run(program: &mut Command) -> String {
    let output = program.output().expect("Python starts");
    let stdout = String::from_utf8(output.stdout).expect("Python prints UTF-8");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{stdout}{stderr}", output.status);
    assert_eq!(stderr, "");
    // Python ends lines with \r\n on Windows.
    stdout.replace("\r\n", "\n")
}

macro_rules! test_program {
    ($test:ident $name:literal) => {
        #[test]
        fn $test() {
            assert_prints_snapshot($name);
        }
    };
}

async_workbook::for_each_lesson!(test_program);

#[test]
fn a_missing_url_is_reported_with_the_command_that_prints_it() {
    for lesson in LESSONS {
        let variable = if lesson.postgres { "DATABASE_URL" } else { "WEB_URL" };
        if !read_source(lesson.name).contains(variable) {
            continue;
        }
        let Some(python) = find_python(&packages(lesson.name)) else {
            return;
        };
        let output = program(python, lesson.name).output().expect("Python starts");
        assert_eq!(output.status.code(), Some(2), "{}", lesson.name);
        assert_eq!(output.stdout, b"");
        assert_eq!(
            String::from_utf8_lossy(&output.stderr).trim_end(),
            format!(
                "{variable} is not set: start `cargo run --bin services` and copy the \
                 two lines it prints"
            )
        );
    }
}

#[test]
fn lines_fit_next_to_the_rust_program_and_anchors_are_closed() {
    for lesson in LESSONS {
        let mut open = Vec::new();
        for line in read_source(lesson.name).lines() {
            assert!(line.chars().count() <= 72, "{}: {line}", lesson.name);
            if let Some((_, anchor)) = line.split_once("# ANCHOR: ") {
                open.push(anchor.to_owned());
            } else if let Some((_, anchor)) = line.split_once("# ANCHOR_END: ") {
                assert_eq!(open.pop().as_deref(), Some(anchor), "{}", lesson.name);
            }
        }
        assert!(open.is_empty(), "{}: {open:?}", lesson.name);
    }
}

#[test]
fn requirements_pin_each_package_once() {
    let file = Path::new(ROOT).join("lessons/requirements.txt");
    let text = std::fs::read_to_string(file).expect("lessons/requirements.txt");
    for package in LESSONS.iter().flat_map(|lesson| packages(lesson.name)) {
        let pin = format!("{package}==");
        let pins = text.lines().filter(|line| line.starts_with(&pin));
        assert_eq!(pins.count(), 1, "{package}");
    }
}
