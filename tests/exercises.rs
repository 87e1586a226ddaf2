//! The check of each exercise passes its solution, fails its starter, and explains each
//! typical wrong answer. The explanations are snapshots.

#[path = "common/answers.rs"]
mod answers;
#[path = "common/cargo.rs"]
mod cargo;
mod common;

use std::path::Path;
use std::process::{Command, Stdio};

use async_workbook::Lesson;
use async_workbook::check::event::{Event, EventParser, Part};

/// Runs the check of one answer; returns its report, and whether the answer passed.
fn check(program: &Path, answer: &str) -> (String, bool) {
    let test = &*format!("{answer}::check::check");
    let mut answer = Command::new(program);
    answer.args(["--exact", test, "--nocapture", "--test-threads=1"]);
    for setting in ["RUST_BACKTRACE", "WORKBOOK_COLOR", "WORKBOOK_SEED"] {
        answer.env_remove(setting);
    }
    answer.env("WORKBOOK_EVENTS", "1").env("COLUMNS", "76").stdin(Stdio::null());
    // The snapshots show the values that the checks draw.
    answer.env("WORKBOOK_DRAWS", "1");
    let output = answer.output().expect("it starts");
    let mut report = String::new();
    let mut verdict = None;
    for part in
        EventParser::default().parse(&String::from_utf8_lossy(&output.stdout))
    {
        match part {
            Part::Event(Event::Passed { check }) => {
                report += &format!("✓ {check}\n")
            }
            Part::Event(Event::Skipped { check }) => {
                report += &format!("- {check}\n")
            }
            Part::Event(Event::Failed { check, diagnosis }) => {
                report += &format!("✗ {check}\n");
                for line in diagnosis.lines() {
                    report += format!("    {}", without_real_time(line)).trim_end();
                    report.push('\n');
                }
            }
            Part::Event(Event::Verdict { passed, checks }) => {
                report += &format!("{passed} of {checks} checks passed\n");
                verdict = Some(passed == checks);
            }
            Part::Event(
                Event::Opened { .. } | Event::Began { .. } | Event::Stuck { .. },
            )
            | Part::Output(_)
            | Part::Forged(_) => {}
        }
    }
    let passed = verdict.unwrap_or_else(|| panic!("{test}: no verdict: {output:?}"));
    assert_eq!(passed, output.status.success(), "{test}: verdict and exit status");
    (report, passed)
}

/// Replaces the only real time in a diagnosis, which differs from run to run: how long
/// a thread was held.
fn without_real_time(line: &str) -> String {
    for held in ["was blocked", "computed", "was held"] {
        let begin = format!("thread {held} for about ");
        if let Some((before, rest)) = line.split_once(&begin)
            && let Some((_, after)) = rest.split_once(" ms")
        {
            return format!("{before}{begin}... ms{after}");
        }
    }
    line.to_owned()
}

/// Checks every answer to the exercise of one lesson.
fn check_all(name: &str) {
    let lesson = Lesson::named(name).expect("in the list of lessons");
    if lesson.postgres && common::postgres_missing() {
        return;
    }
    let program = answers::program(name);
    let check = |answer: &str| check(&program, answer);

    let (report, passed) = check("solution");
    assert!(passed, "{name}/solution.rs fails:\n{report}");
    let (report, passed) = check("starter");
    assert!(!passed, "{name}/starter.rs passes");
    insta::assert_snapshot!(format!("{name}_starter"), report);

    let wrong = answers::wrong_answers(name);
    assert!(wrong.len() >= 3, "{name} needs at least three files in wrong/");
    for answer in wrong {
        let (report, passed) = check(&format!("wrong::{answer}"));
        assert!(!passed, "{name}/wrong/{answer}.rs passes");
        insta::assert_snapshot!(format!("{name}_{answer}"), report);
    }
}

macro_rules! test_exercise {
    ($test:ident $name:literal) => {
        #[test]
        fn $test() {
            check_all($name);
        }
    };
}

async_workbook::for_each_lesson!(test_exercise);
