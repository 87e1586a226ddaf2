//! `cargo workbook compare` from end to end, in small: the program that cargo would
//! build optimised, as a test builds it. Its figures mean nothing, and are not saved.
#![cfg(unix)]

use async_workbook::cargo;
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
    let mut cargo = cargo::command();
    cargo.args(["test", "--package", "async-workbook", "--bench", "compare"]);
    cargo.args(["--no-run", "--message-format=json"]);
    cargo.current_dir(env!("CARGO_MANIFEST_DIR")).stderr(Stdio::inherit());
    let output = cargo.output().expect("cargo starts");
    assert!(output.status.success(), "the comparison does not build");
    let messages = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
    let program = messages.lines().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let named = message["target"]["name"] == "compare";
        named.then(|| message["executable"].as_str().map(PathBuf::from))?
    });
    program.expect("cargo names the program")
});

/// One at a time: each wants the machine for itself.
static MACHINE: Mutex<()> = Mutex::new(());

fn compare(words: &str, settings: &[(&str, &str)]) -> (Option<i32>, String) {
    let _machine = MACHINE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut command = Command::new(&*PROGRAM);
    command.args(words.split_whitespace()).envs(settings.iter().copied());
    text(command.output().unwrap())
}

fn text(output: Output) -> (Option<i32>, String) {
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

#[track_caller]
fn assert_holds(text: &str, part: &str) {
    assert!(text.contains(part), "`{part}` is not in:\n{text}");
}

#[test]
fn everything_runs() {
    let (code, text) = compare("--quick", &[]);
    assert_eq!(code, Some(0), "{text}");
    for work in ["pages-50 100", "pages-0 10", "json", "heartbeat threads", "start"]
    {
        assert_holds(&text, &format!("\n{work} "));
    }
    // On a machine without Python or PostgreSQL, what of it can.
    let complete = !text.contains("not measured");
    assert!(complete || std::env::var("CI").as_deref() != Ok("true"), "{text}");
    assert!(!text.contains(" failed: "), "{text}");
    if complete {
        for who in ["aiohttp", "uvloop-aiohttp", "httpx", "asyncpg", "orjson"] {
            assert_holds(&text, &format!("\n  {who} "));
        }
        assert_holds(&text, "\nqueries 10 ");
    }
}

#[test]
fn without_python_and_postgresql_the_rest_runs() {
    let nowhere = tempfile::tempdir().unwrap();
    let nowhere = nowhere.path().to_str().unwrap();
    let settings = [
        ("WORKBOOK_PYTHON", "/nowhere/python"),
        ("WORKBOOK_POSTGRES_BIN", nowhere),
        ("DATABASE_URL", ""),
    ];
    let (code, text) = compare("--quick queries json heartbeat", &settings);
    assert_eq!(code, Some(0), "{text}");
    assert_holds(&text, "Python was not measured: there is no Python 3.11");
    assert_holds(&text, "pip install -r book/compare/requirements.txt");
    assert_holds(&text, "Queries were not measured: there is no PostgreSQL.");
    assert_holds(&text, "sudo apt-get install postgresql");
    assert_holds(&text, "\njson ");
    assert!(!text.contains("asyncio"), "{text}");
}

#[test]
fn without_packages_what_needs_none_runs() {
    let folder = tempfile::tempdir().unwrap();
    let python = folder.path().join("python");
    // Without its site, a Python has no packages.
    std::fs::write(&python, "#!/bin/sh\nexec python3 -I -S \"$@\"\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&python, mode).unwrap();
    let settings = [("WORKBOOK_PYTHON", python.to_str().unwrap())];
    let (code, text) = compare("--quick start json", &settings);
    assert_eq!(code, Some(0), "{text}");
    if !text.contains("there is no Python 3.11") {
        let lacking = "What needs aiohttp, asyncpg, httpx, orjson, uvloop was not";
        assert_holds(&text, lacking);
        assert_holds(&text, "\n  asyncio ");
        assert!(!text.contains("\n  uvloop "), "{text}");
    }
}

#[test]
fn a_low_limit_of_sockets_is_kept_and_said() {
    let _machine = MACHINE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 100; exec \"$@\"", "sh"]).arg(&*PROGRAM);
    command.args(["--quick", "pages"]).env("WORKBOOK_PYTHON", "/nowhere/python");
    let (code, text) = text(command.output().unwrap());
    assert_eq!(code, Some(0), "{text}");
    assert_holds(&text, "Pages are fetched 36 at once at the most, not 100");
    assert_holds(&text, "\npages-0 36 ");
    assert!(!text.contains("pages-0 100"), "{text}");
}

#[test]
fn wrong_usage_says_what_is_right() {
    for (words, why) in [
        ("tea", "`tea` is neither an option nor a work"),
        ("--save --quick", "--save is for a whole comparison"),
        ("--save json", "--save is for a whole comparison"),
    ] {
        let (code, text) = compare(words, &[]);
        assert_eq!(code, Some(2), "{text}");
        assert_holds(&text, why);
    }
    let (code, text) = compare("--bench --help", &[]);
    assert_eq!(code, Some(0));
    assert_holds(&text, "2 to 3 minutes");
}

#[test]
fn ctrl_c_ends_everyone() {
    let _machine = MACHINE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut command = Command::new(&*PROGRAM);
    command.args(["pages", "heartbeat"]).process_group(0);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("pages:") {
        line.clear();
        assert!(out.read_line(&mut line).unwrap() > 0, "it never began");
    }
    std::thread::sleep(Duration::from_millis(200));
    let group = Pid::from_child(&child);
    kill_process_group(group, Signal::INT).unwrap();
    child.wait().unwrap();
    out.read_to_string(&mut line).unwrap();
    let gone = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        test_kill_process_group(group).is_err()
    });
    assert!(gone, "some are left");
}
