//! The check of each exercise passes its solution, fails its starter, and tells what is
//! wrong with each typical wrong answer: what it tells is a snapshot.

#[path = "common/cargo.rs"]
mod cargo;
mod common;

use async_workbook::LESSONS;
use async_workbook::check::event::{Event, EventParser, Part};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

/// The program of `tests/answers.rs`.
static ANSWERS: LazyLock<PathBuf> = LazyLock::new(|| {
    cargo::built(&["test", "--no-run", "--test", "answers"])["answers"].clone()
});

/// The names of its tests, such as `gather::wrong::first_come::check::check`.
static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let output = Command::new(&*ANSWERS).arg("--list").output().expect("it starts");
    let list = String::from_utf8(output.stdout).expect("names are UTF-8");
    list.lines()
        .filter_map(|line| line.strip_suffix(": test"))
        .map(str::to_owned)
        .collect()
});

/// What the check says of one answer, and whether it passes.
fn judged(name: &str) -> (String, bool) {
    let mut answer = Command::new(&*ANSWERS);
    answer.args(["--exact", name, "--nocapture", "--test-threads=1"]);
    for setting in ["RUST_BACKTRACE", "WORKBOOK_COLOR", "WORKBOOK_SEED"] {
        answer.env_remove(setting);
    }
    answer.env("WORKBOOK_EVENTS", "1").env("COLUMNS", "76").stdin(Stdio::null());
    let output = answer.output().expect("it starts");
    let mut said = String::new();
    let mut verdict = None;
    for part in
        EventParser::default().parse(&String::from_utf8_lossy(&output.stdout))
    {
        match part {
            Part::Event(Event::Passed { check }) => said += &format!("✓ {check}\n"),
            Part::Event(Event::Skipped { check }) => said += &format!("- {check}\n"),
            Part::Event(Event::Failed { check, diagnosis }) => {
                said += &format!("✗ {check}\n");
                for line in diagnosis.lines() {
                    said += format!("    {}", without_real_time(line)).trim_end();
                    said.push('\n');
                }
            }
            Part::Event(Event::Verdict { passed, checks }) => {
                said += &format!("{passed} of {checks} checks hold\n");
                verdict = Some(passed == checks);
            }
            Part::Event(Event::Began { .. }) | Part::Output(_) => {}
        }
    }
    let passes = verdict.unwrap_or_else(|| panic!("{name}: no verdict: {output:?}"));
    assert_eq!(passes, output.status.success(), "{name}: verdict and exit code");
    (said, passes)
}

/// How long a thread was held is the one real time in a diagnosis: on a busy machine it
/// is longer, and a snapshot has `...` for it.
fn without_real_time(line: &str) -> String {
    const HELD: &str = "thread was held for about ";
    let parts = line.split_once(HELD);
    let Some((before, (_, after))) =
        parts.and_then(|(before, rest)| Some((before, rest.split_once(" ms")?)))
    else {
        return line.to_owned();
    };
    format!("{before}{HELD}... ms{after}")
}

/// Judges all answers to the exercise of one lesson.
fn judges_all(lesson: &str) {
    let listed = LESSONS.iter().find(|listed| listed.name == lesson);
    let listed = listed.expect("in the list of lessons");
    if listed.postgres && common::postgres_missing() {
        return;
    }
    let module = &lesson[3..];
    let of_lesson = |path: String| format!("{module}::{path}::check::check");

    let (said, passes) = judged(&of_lesson("solution".to_owned()));
    assert!(passes, "{lesson}/solution.rs:\n{said}");
    let (said, passes) = judged(&of_lesson("starter".to_owned()));
    assert!(!passes, "{lesson}/starter.rs passes");
    insta::assert_snapshot!(format!("{lesson}_starter"), said);

    let wrong = wrong_answers(lesson);
    assert!(wrong.len() >= 3, "{lesson}: a typical wrong answer is missing");
    for answer in wrong {
        let (said, passes) = judged(&of_lesson(format!("wrong::{answer}")));
        assert!(!passes, "{lesson}/wrong/{answer}.rs passes");
        insta::assert_snapshot!(format!("{lesson}_{answer}"), said);
    }
}

/// The names in a lesson's folder of wrong answers, sorted.
fn wrong_answers(lesson: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("lessons").join(lesson).join("wrong");
    let entries = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut names: Vec<_> = entries
        .map(|entry| {
            entry.unwrap().path().file_stem().unwrap().to_string_lossy().into()
        })
        .collect();
    names.sort();
    names
}

macro_rules! exercises {
    ($($test:ident $name:literal,)*) => {
        $(#[test] fn $test() { judges_all($name) })*

        const EXERCISES: &[&str] = &[$($name),*];
    };
}

exercises! {
    hello_await "01_hello_await",
    lazy "02_lazy",
    gather "03_gather",
    bounded "04_bounded",
    pool "05_pool",
    errors "06_errors",
    pitfalls "07_pitfalls",
}

#[test]
fn every_answer_is_judged() {
    let mut judged: Vec<String> = Vec::new();
    for lesson in EXERCISES {
        let wrong =
            wrong_answers(lesson).into_iter().map(|name| format!("wrong::{name}"));
        let all =
            ["solution", "starter"].map(str::to_owned).into_iter().chain(wrong);
        judged.extend(
            all.map(|path| format!("{}::{path}::check::check", &lesson[3..])),
        );
    }
    judged.sort();
    let mut names = NAMES.clone();
    names.sort();
    assert_eq!(
        names, judged,
        "what tests/answers.rs has, and what the folders have"
    );
}
