//! Each lesson's program in asyncio prints what its snapshot says, against the same
//! web server and the same kind of database as the lesson. They run on the real
//! clock; one whose times are too long, and nothing else, is run again.

mod common;

use async_workbook::{LESSONS, postgres, web};
use common::say;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{LazyLock, Once};
use std::thread;
use std::time::Duration;
use tokio::runtime::Runtime;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

// ---- The interpreter ----

/// Prints which of its arguments can be imported; fails on a Python that is too old.
const PROBE: &str = "import importlib.util, sys
if sys.version_info < (3, 11): sys.exit('older than 3.11')
print(' '.join(m for m in sys.argv[1:] if importlib.util.find_spec(m)))";

/// The Pythons on this machine that are new enough, and which modules each has.
static PYTHONS: LazyLock<Vec<(PathBuf, Vec<String>)>> = LazyLock::new(|| {
    let candidates = match env::var_os("WORKBOOK_PYTHON") {
        Some(chosen) => vec![PathBuf::from(chosen)],
        None => vec![
            Path::new(ROOT).join("target/venv/bin/python"),
            Path::new(ROOT).join("target/venv/Scripts/python.exe"),
            "python3".into(),
            "python".into(),
        ],
    };
    candidates
        .into_iter()
        .filter_map(|python| {
            let probe = Command::new(&python)
                .args(["-c", PROBE, "aiohttp", "asyncpg"])
                .output()
                .ok()?;
            let modules = String::from_utf8(probe.stdout).ok()?;
            let modules = modules.split_whitespace().map(str::to_owned).collect();
            probe.status.success().then_some((python, modules))
        })
        .collect()
});

/// A Python with all of `modules`. Without one it says so, where cargo does not hide
/// it.
///
/// # Panics
///
/// When `CI` is `true`, or `WORKBOOK_PYTHON` names one that does not do.
fn python(modules: &[&str]) -> Option<&'static Path> {
    let has = |have: &[String], module: &str| have.iter().any(|have| have == module);
    let found = PYTHONS
        .iter()
        .find(|(_, have)| modules.iter().all(|module| has(have, module)));
    if let Some((python, _)) = found {
        return Some(python);
    }
    let needed = [&["Python 3.11 or newer"], modules].concat().join(", ");
    if let Some(chosen) = env::var_os("WORKBOOK_PYTHON") {
        panic!("WORKBOOK_PYTHON={} is not: {needed}", chosen.display());
    }
    assert!(env::var("CI").as_deref() != Ok("true"), "CI has no {needed}");
    static SAY: Once = Once::new();
    SAY.call_once(|| {
        say(&format!(
            "\nPython programs were NOT RUN: there is no {needed}. To get it:\n  \
             python3 -m venv target/venv\n  \
             target/venv/bin/pip install -r lessons/requirements.txt\n"
        ));
    });
    None
}

// ---- The programs ----

/// `lessons/NAME/python.py`, made ready for a test: no settings of whoever runs it.
fn program(python: &Path, name: &str) -> Command {
    let mut program = Command::new(python);
    program.arg(path(name)).current_dir(ROOT);
    for setting in [
        "DATABASE_URL",
        "PYTHONASYNCIODEBUG",
        "PYTHONDEVMODE",
        "PYTHONWARNINGS",
        "WEB_URL",
    ] {
        program.env_remove(setting);
    }
    program
}

fn path(name: &str) -> PathBuf {
    Path::new(ROOT).join("lessons").join(name).join("python.py")
}

/// Which modules the program imports, of those that Python does not bring.
fn modules(name: &str) -> Vec<&'static str> {
    let source = std::fs::read_to_string(path(name)).expect("a program");
    let mut modules = vec!["aiohttp", "asyncpg"];
    modules.retain(|module| source.contains(&format!("from {module} import")));
    modules
}

/// Runs a lesson's program and compares what it prints with the snapshot.
fn runs_as_shown(name: &str) {
    let Some(python) = python(&modules(name)) else {
        return;
    };
    let lesson = LESSONS.iter().find(|lesson| lesson.name == name);
    let postgres = lesson.expect("in the list of lessons").postgres;
    if postgres && common::postgres_missing() {
        return;
    }
    let mut program = program(python, name);
    // Its own threads: the server answers while this one waits for the program.
    let runtime = Runtime::new().expect("a runtime");
    let server = runtime.block_on(web::Server::start()).expect("a server");
    program.env("WEB_URL", server.url(""));
    let database =
        postgres.then(|| runtime.block_on(postgres::start()).expect("a database"));
    if let Some(database) = &database {
        program.env("DATABASE_URL", database.url());
    }
    let mut stdout = printed(&mut program);
    // A machine is not busy for one run only: each pause is longer than the last.
    for pause in 1..=7 {
        if !only_slower(&common::snapshot(&format!("python__{name}")), &stdout) {
            break;
        }
        say(&format!("{name}: a busy machine; run again in {pause} s"));
        thread::sleep(Duration::from_secs(pause));
        stdout = printed(&mut program);
    }
    insta::assert_snapshot!(name, stdout);
}

/// What a program prints on its way to a good end.
fn printed(program: &mut Command) -> String {
    let output = program.output().expect("it starts");
    let stdout = String::from_utf8(output.stdout).expect("UTF-8");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{stdout}{stderr}");
    // What the programs have to say, they say on stdout.
    assert_eq!(stderr, "");
    // Python on Windows ends lines with two characters.
    stdout.replace("\r\n", "\n")
}

/// Whether nothing but times differ, and none is shorter: a machine that is busy
/// with something else does that to a right program, and only that.
fn only_slower(shown: &str, stdout: &str) -> bool {
    let shown: Vec<&str> = shown.split_whitespace().collect();
    let stdout: Vec<&str> = stdout.split_whitespace().collect();
    let slower = |at: usize| {
        let unit = shown.get(at + 1).map(|word| word.trim_end_matches(','));
        let number = |words: &[&str]| words[at].parse::<u32>().ok();
        matches!(unit, Some("ms" | "x"))
            && number(&shown).is_some_and(|shown| number(&stdout) > Some(shown))
    };
    shown.len() == stdout.len()
        && shown != stdout
        && (0..shown.len()).all(|at| shown[at] == stdout[at] || slower(at))
}

#[test]
fn a_longer_time_is_told_from_another_difference() {
    let shown = "loop 500 ms, peak 50\nquery 3 x 400 ms\n";
    assert!(only_slower(shown, "loop 600 ms, peak 50\nquery 4 x 400 ms\n"));
    for other in [
        shown,
        "loop 400 ms, peak 50\nquery 3 x 400 ms\n",
        "loop 600 ms, peak 51\nquery 3 x 400 ms\n",
        "loop DEADLOCK ms, peak 50\nquery 3 x 400 ms\n",
        "loop 600 ms, peak 50\n",
    ] {
        assert!(!only_slower(shown, other), "{other}");
    }
}

macro_rules! test_program {
    ($test:ident $name:literal) => {
        #[test]
        fn $test() {
            runs_as_shown($name);
        }
    };
}

async_workbook::for_each_lesson!(test_program);

#[test]
fn a_program_without_its_url_says_how_to_get_one() {
    for lesson in LESSONS {
        let modules = modules(lesson.name);
        if modules.is_empty() {
            continue;
        }
        let Some(python) = python(&modules) else {
            return;
        };
        let output = program(python, lesson.name).output().expect("it starts");
        let url = if lesson.postgres { "DATABASE_URL" } else { "WEB_URL" };
        assert_eq!(output.status.code(), Some(2), "{}", lesson.name);
        assert_eq!(output.stdout, b"");
        assert_eq!(
            String::from_utf8_lossy(&output.stderr).trim_end(),
            format!(
                "{url} is not set: start `cargo run --bin services` and copy the \
                 two lines it prints"
            )
        );
    }
}

#[test]
fn programs_fit_a_page_of_two_columns_and_close_their_anchors() {
    for lesson in LESSONS {
        let source = std::fs::read_to_string(path(lesson.name)).expect("a program");
        let mut open = Vec::new();
        for line in source.lines() {
            assert!(line.chars().count() <= 72, "{}: {line}", lesson.name);
            if let Some((_, anchor)) = line.split_once("# ANCHOR: ") {
                open.push(anchor);
            } else if let Some((_, anchor)) = line.split_once("# ANCHOR_END: ") {
                assert_eq!(open.pop(), Some(anchor), "{}", lesson.name);
            }
        }
        assert!(open.is_empty(), "{}: {open:?}", lesson.name);
    }
}

#[test]
fn requirements_name_one_version_of_each_module() {
    let file = Path::new(ROOT).join("lessons/requirements.txt");
    let text = std::fs::read_to_string(file).expect("requirements");
    for module in LESSONS.iter().flat_map(|lesson| modules(lesson.name)) {
        let pin = format!("{module}==");
        let pins = text.lines().filter(|line| line.starts_with(&pin));
        assert_eq!(pins.count(), 1, "{module}");
    }
}
