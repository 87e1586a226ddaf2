//! Each lesson, started as a learner starts it, prints what its snapshot says, draws
//! the picture that the book shows, and succeeds.

#[path = "common/cargo.rs"]
mod cargo;
mod common;

use async_workbook::timeline::Recording;
use async_workbook::{LESSONS, Lesson};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

static PROGRAMS: LazyLock<HashMap<String, PathBuf>> = LazyLock::new(|| {
    let mut args = vec!["build"];
    args.extend(LESSONS.iter().flat_map(|lesson| ["--example", lesson.name]));
    cargo::built(&args)
});

/// A path for a file of one test, in cargo's folder for such files.
fn temporary(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_file(&path);
    path
}

/// The very program that `cargo run --example NAME` starts, made ready for a test: a
/// narrow page, tokio's paused clock, no settings of whoever runs the test.
fn program(name: &str) -> Command {
    let mut program = Command::new(&PROGRAMS[name]);
    for setting in ["RUST_BACKTRACE", "NO_COLOR", "TERM", "WORKBOOK_TIMELINE"] {
        program.env_remove(setting);
    }
    program.env("COLUMNS", "59").env("WORKBOOK_CLOCK", "virtual");
    program
}

fn lesson(name: &str) -> &'static Lesson {
    LESSONS
        .iter()
        .find(|lesson| lesson.name == name)
        .expect("in the list of lessons")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("a lesson prints UTF-8")
}

/// Runs a lesson and compares what it prints, and the timeline it draws, with the
/// snapshots.
fn runs_as_shown(name: &str) {
    if lesson(name).postgres && common::postgres_missing() {
        return;
    }
    let saved = temporary(&format!("{name}.json"));
    let output =
        program(name).env("WORKBOOK_TIMELINE", &saved).output().expect("it starts");
    assert!(
        output.status.success(),
        "{name}: {}\n{}",
        output.status,
        text(&output.stderr)
    );
    insta::assert_snapshot!(name, text(&output.stdout));
    if let Ok(timeline) = std::fs::read_to_string(&saved) {
        insta::assert_snapshot!(format!("{name}_timeline"), timeline);
    }
}

macro_rules! lessons {
    ($($test:ident $name:literal,)*) => {
        $(#[test] fn $test() { runs_as_shown($name) })*

        #[test]
        fn every_lesson_is_run() {
            let run: &[&str] = &[$($name),*];
            assert!(LESSONS.iter().map(|lesson| lesson.name).eq(run.iter().copied()));
        }
    };
}

lessons! {
    hello_await "01_hello_await",
    lazy "02_lazy",
    gather "03_gather",
    bounded "04_bounded",
    pool "05_pool",
    errors "06_errors",
    pitfalls "07_pitfalls",
}

/// The paused clock does not pass while a thread is held: what that looks like is drawn
/// from a run on the real one, in whole 200 ms.
#[test]
fn a_held_thread_is_a_solid_bar() {
    const UNIT: u64 = 200_000;
    let saved = temporary("07_pitfalls_blocking.json");
    let mut run = program("07_pitfalls");
    run.env_remove("WORKBOOK_CLOCK").env("WORKBOOK_TIMELINE", &saved);
    assert!(run.output().expect("it starts").status.success());
    let saved = std::fs::read_to_string(saved).expect("a timeline is saved");
    let mut recording: Recording = serde_json::from_str(&saved).unwrap();
    let blocking = ["blocking call", "spawn_blocking"];
    recording.sections.retain(|section| blocking.contains(&&*section.title));
    let round = |time: &mut u64| *time = (*time + UNIT / 8) / UNIT * UNIT;
    for section in &mut recording.sections {
        round(&mut section.micros);
        for row in &mut section.rows {
            let (life, polls) = (&mut row.life, &mut row.polls);
            for span in polls.iter_mut().chain([life]) {
                round(&mut span.0);
                round(&mut span.1);
            }
            polls.dedup();
        }
    }
    let json = serde_json::to_string_pretty(&recording).unwrap();
    insta::assert_snapshot!("07_pitfalls_blocking_timeline", json);
}

/// All that a person sees of a run, and its exit code.
fn seen(output: &Output) -> String {
    let code = output.status.code().expect("it ended by itself");
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    format!("{stdout}--- standard error ---\n{stderr}--- exit code {code} ---\n")
}

#[test]
fn gather_explains_each_page_that_fails_and_shows_the_others() {
    let named = [
        "/page/7",
        "/api/weather/oslo",
        "/page/1?status=500",
        "/nowhere",
        "/page/1?delay=60000",
        "/broken.json",
        "example.org",
        "http://",
        "gopher://example.org/",
        "http://127.0.0.1:1/",
        "http://no-such-host.invalid/",
    ];
    let output = program("03_gather").args(named).output().expect("it starts");
    insta::assert_snapshot!("03_gather_named", seen(&output));
}

#[test]
fn gather_shows_pages_that_all_work() {
    let output = program("03_gather")
        .args(["/page/1", "/health"])
        .output()
        .expect("it starts");
    insta::assert_snapshot!("03_gather_named_well", seen(&output));
}

#[test]
fn lessons_that_start_a_server_each_run_side_by_side() {
    let start = || program("03_gather").stdout(Stdio::piped()).spawn().unwrap();
    let outputs = [start(), start()].map(|child| child.wait_with_output().unwrap());
    assert!(outputs.iter().all(|output| output.status.success()));
    assert_eq!(outputs[0].stdout, outputs[1].stdout);
}

#[test]
fn a_picture_fits_forty_columns_and_has_no_colours_without_a_terminal() {
    let output =
        program("03_gather").env("COLUMNS", "40").output().expect("it starts");
    let picture = text(&output.stdout);
    assert!(!picture.contains('\x1b'));
    assert!(picture.lines().all(|line| line.chars().count() < 40), "{picture}");
}

#[test]
fn a_proxy_does_not_come_between_a_lesson_and_its_server() {
    let nobody = "http://127.0.0.1:1";
    let proxied = |name| program(name).env("HTTP_PROXY", nobody).output().unwrap();
    for name in ["03_gather", "04_bounded", "06_errors", "07_pitfalls"] {
        let output = proxied(name);
        assert!(output.status.success(), "{name}: {}", text(&output.stderr));
    }
}

#[test]
fn a_timeline_that_cannot_be_saved_is_said_and_the_lesson_goes_on() {
    let nowhere = temporary("no-such-folder").join("timeline.json");
    let output = program("02_lazy")
        .env("WORKBOOK_TIMELINE", nowhere)
        .output()
        .expect("it starts");
    assert!(output.status.success());
    assert!(text(&output.stderr).starts_with("could not save the timeline to "));
}

#[test]
fn an_unknown_clock_is_said_and_the_lesson_runs_on_the_real_one() {
    let output = program("02_lazy")
        .env("WORKBOOK_CLOCK", "fast")
        .output()
        .expect("it starts");
    assert!(output.status.success());
    assert_eq!(
        text(&output.stderr),
        "WORKBOOK_CLOCK=fast: unknown clock, expected `virtual`\n"
    );
}
