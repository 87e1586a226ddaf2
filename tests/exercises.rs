//! The check of each exercise passes its solution, fails its starter, and explains each
//! typical wrong answer. The explanations are snapshots.

#[path = "common/answers.rs"]
mod answers;
#[path = "common/cargo.rs"]
mod cargo;
mod common;

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_workbook::Lesson;
use async_workbook::check::event::{Event, EventParser, Part};
use async_workbook::postgres::{self, Database};
use common::Limit;
use tokio::runtime::Runtime;
use tokio_postgres::NoTls;

/// A schema that a check has left behind, because it was killed: no connection of the
/// server has the process id 1. The next check drops it.
const OLD_SCHEMA: &str = "async_workbook_check_1_0";

fn execute(database: &Database, sql: &str) {
    let runtime = Runtime::new().expect("a tokio runtime");
    runtime.block_on(async {
        let (client, connection) = database.config().connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute(sql).await.unwrap();
    });
}

/// Runs the check of one answer, with `DATABASE_URL` set to `database` if given; returns
/// its report, and whether the answer passed.
fn check(
    program: &Path,
    answer: &str,
    database: Option<&Database>,
) -> (String, bool) {
    let test = format!("{answer}::check::check");
    let mut command = Command::new(program);
    if let Some(database) = database {
        command.env("DATABASE_URL", database.url());
    }
    command.args(["--exact", &test, "--nocapture", "--test-threads=1"]);
    for setting in ["RUST_BACKTRACE", "WORKBOOK_COLOR", "WORKBOOK_SEED"] {
        command.env_remove(setting);
    }
    command.env("WORKBOOK_EVENTS", "1").env("COLUMNS", "76").stdin(Stdio::null());
    // The snapshots show the random values of this seed.
    command.env("WORKBOOK_VALUES_SEED", "1");
    let output = command.output().expect("could not start the answers program");
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
/// a thread was blocked.
fn without_real_time(line: &str) -> String {
    for what in ["was blocked", "computed"] {
        let begin = format!("thread {what} for about ");
        if let Some((before, rest)) = line.split_once(&begin)
            && let Some((_, after)) = rest.split_once(" ms")
        {
            return format!("{before}{begin}... ms{after}");
        }
    }
    line.to_owned()
}

/// Checks every answer to the exercise of one lesson, several at the same time.
fn check_all(name: &str) {
    let lesson = Lesson::named(name).expect("in the list of lessons");
    if lesson.postgres && common::postgres_missing() {
        return;
    }
    let program = answers::program(name);
    let wrong = answers::wrong_answers(name);
    assert!(wrong.len() >= 3, "{name} needs at least three files in wrong/");
    let mut answers = vec!["solution".to_owned(), "starter".to_owned()];
    answers.extend(wrong.iter().map(|answer| format!("wrong::{answer}")));

    // Starting a private server takes more CPU time than a check. Only the solution has one
    // of its own, so all other answers share one.
    let database = lesson.postgres.then(|| {
        let runtime = Runtime::new().expect("a tokio runtime");
        let database = runtime.block_on(postgres::start());
        let database = database.expect("PostgreSQL is installed");
        execute(&database, &format!("CREATE SCHEMA {OLD_SCHEMA}"));
        database
    });
    let database_for =
        |answer: &str| database.as_ref().filter(|_| answer != "solution");
    // Some checks wait for the real clock most of the time.
    static CHECKS: Limit = Limit::new();
    const AT_ONCE: usize = 8;
    let results: Vec<_> = answers.iter().map(|_| OnceLock::new()).collect();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(answer) = answers.get(index) else { break };
                    let _permit = CHECKS.permit(AT_ONCE);
                    let checked = check(&program, answer, database_for(answer));
                    let _ = results[index].set(checked);
                }
            });
        }
    });
    if let Some(database) = &database {
        // Fails if the schema is still there.
        execute(database, &format!("CREATE SCHEMA {OLD_SCHEMA}"));
    }
    for (answer, result) in answers.iter().zip(&results) {
        let (report, passed) = result.get().expect("every answer was checked");
        match answer.strip_prefix("wrong::").unwrap_or(answer) {
            "solution" => assert!(passed, "{name}/solution.rs fails:\n{report}"),
            answer => {
                assert!(!passed, "{name}: the answer `{answer}` passes");
                insta::assert_snapshot!(format!("{name}_{answer}"), report);
            }
        }
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
