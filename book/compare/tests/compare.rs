//! Runs `compare` end to end, with little work and unoptimized: the numbers mean
//! nothing, and are not saved.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

const PROGRAM: &str = env!("CARGO_BIN_EXE_compare");

/// Held by each test: on a busy machine, contestants could exceed their deadline.
static MACHINE: Mutex<()> = Mutex::new(());

fn compare(arguments: &str, variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let _machine = MACHINE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut command = Command::new(PROGRAM);
    command.args(arguments.split_whitespace()).envs(variables.iter().copied());
    text(command.output().unwrap())
}

fn text(output: Output) -> (Option<i32>, String) {
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

#[track_caller]
fn assert_contains(text: &str, part: &str) {
    assert!(text.contains(part), "`{part}` is not in:\n{text}");
}

#[test]
fn all_benchmarks_run() {
    let (code, text) = compare("--quick", &[]);
    assert_eq!(code, Some(0), "{text}");
    for benchmark in
        ["pages-50 100", "pages-0 10", "json", "heartbeat threads", "start"]
    {
        assert_contains(&text, &format!("\n{benchmark} "));
    }
    // A machine without Python or PostgreSQL runs the rest.
    let complete = !text.contains("not measured");
    assert!(complete || std::env::var("CI").as_deref() != Ok("true"), "{text}");
    assert!(!text.contains(" failed: "), "{text}");
    if complete {
        for contestant in ["aiohttp", "uvloop-aiohttp", "httpx", "asyncpg", "orjson"]
        {
            assert_contains(&text, &format!("\n  {contestant} "));
        }
        assert_contains(&text, "\nqueries 10 ");
    }
}

#[test]
fn without_python_and_postgresql_the_rest_runs() {
    let nowhere = tempfile::tempdir().unwrap();
    let nowhere = nowhere.path().to_str().unwrap();
    let variables = [
        ("WORKBOOK_PYTHON", "/nowhere/python"),
        ("WORKBOOK_POSTGRES_BIN", nowhere),
        ("DATABASE_URL", ""),
    ];
    let (code, text) = compare("--quick queries json heartbeat", &variables);
    assert_eq!(code, Some(0), "{text}");
    assert_contains(&text, "Python was not measured: WORKBOOK_PYTHON: /nowhere/");
    assert_contains(&text, "Set it to the path of one, or unset it.");
    assert_contains(&text, "Queries were not measured: no PostgreSQL is available.");
    assert_contains(&text, "sudo apt-get install postgresql");
    assert_contains(&text, "\njson ");
    assert!(!text.contains("asyncio"), "{text}");
}

#[test]
fn without_packages_contestants_that_need_none_run() {
    let folder = tempfile::tempdir().unwrap();
    let python = folder.path().join("python");
    // With -S, Python does not find installed packages.
    std::fs::write(&python, "#!/bin/sh\nexec python3 -I -S \"$@\"\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&python, mode).unwrap();
    let variables = [("WORKBOOK_PYTHON", python.to_str().unwrap())];
    let (code, text) = compare("--quick start json", &variables);
    assert_eq!(code, Some(0), "{text}");
    if !text.contains("is not Python 3.11 or newer") {
        assert_contains(&text, "Contestants that need missing packages were not");
        assert_contains(&text, "packages aiohttp, asyncpg, httpx, orjson, uvloop.");
        assert_contains(&text, "\n  asyncio ");
        assert!(!text.contains("\n  uvloop "), "{text}");
    }
}

#[test]
fn a_low_limit_of_open_files_is_respected_and_reported() {
    let _machine = MACHINE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 100; exec \"$@\"", "sh"]).arg(PROGRAM);
    command.args(["--quick", "pages"]).env("WORKBOOK_PYTHON", "/nowhere/python");
    let (code, text) = text(command.output().unwrap());
    assert_eq!(code, Some(0), "{text}");
    assert_contains(&text, "At most 36 pages are fetched at once instead of 100");
    assert_contains(&text, "\npages-0 36 ");
    assert!(!text.contains("pages-0 100"), "{text}");
}

#[test]
fn wrong_usage_is_explained() {
    for (arguments, error) in [
        ("tea", "[possible values: pages, queries, json, tasks, heartbeat, start]"),
        ("--save --quick", "'--save' cannot be used with '--quick'"),
        ("--save json", "'--save' cannot be used with '[BENCHMARK]...'"),
    ] {
        let (code, text) = compare(arguments, &[]);
        assert_eq!(code, Some(2), "{text}");
        assert_contains(&text, error);
    }
    let (code, text) = compare("--help", &[]);
    assert_eq!(code, Some(0));
    assert_contains(&text, "2 to 3 minutes");
}

#[test]
fn ctrl_c_ends_all_processes() {
    let _machine = MACHINE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut command = Command::new(PROGRAM);
    command.args(["pages", "heartbeat"]).process_group(0);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("pages:") {
        line.clear();
        assert!(out.read_line(&mut line).unwrap() > 0, "it ended early");
    }
    std::thread::sleep(Duration::from_millis(200));
    let group = Pid::from_child(&child);
    // No process handles either signal. SIGINT is ignored in background jobs of a shell.
    let signal = if is_interrupt_ignored() { Signal::TERM } else { Signal::INT };
    kill_process_group(group, signal).unwrap();
    child.wait().unwrap();
    out.read_to_string(&mut line).unwrap();
    let gone = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        test_kill_process_group(group).is_err()
    });
    assert!(gone, "processes are left");
}

fn is_interrupt_ignored() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & 0b10 != 0)
}
