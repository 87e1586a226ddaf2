//! What programs are told. The fields are described in `args.rs`, as help.

use super::check::{CheckResult, Outcome, Report};
use super::errors;
use super::hints;
use super::output::plain;
use super::progress::{Progress, State};
use super::repo::Repo;
use anyhow::Result;
use async_workbook::LESSONS;
use serde_json::{Value, json};

/// The document of `list --json`.
///
/// # Errors
///
/// Never, as all of it has a JSON form.
pub fn list(repo: &Repo, progress: &Progress) -> Result<String> {
    let exercises = repo.exercises();
    let lessons: Vec<Value> = LESSONS
        .iter()
        .map(|lesson| {
            let exercise = repo.exercise(lesson);
            let state = exercise.as_ref().map(|one| match progress.state(one) {
                State::Open => "open",
                State::Solved => "solved",
                State::Changed => "changed",
            });
            json!({
                "name": lesson.name,
                "title": lesson.title,
                "question": lesson.question,
                "minutes": lesson.minutes,
                "postgres": lesson.postgres,
                "state": state,
                "solved_at": progress.solved.get(lesson.name).map(|solved| solved.at),
                "hints": progress.hints.get(lesson.name).unwrap_or(&0),
                "file": exercise.map(|exercise| exercise.file()),
            })
        })
        .collect();
    let solved = exercises.iter().filter(|one| progress.state(one) != State::Open);
    document(&json!({
        "current": progress.current(&exercises).map(|exercise| exercise.name()),
        "solved": solved.count(),
        "exercises": exercises.len(),
        "lessons": lessons,
    }))
}

/// The document of `check --json`, of reports and whether each pass was put down.
///
/// # Errors
///
/// Never, as all of it has a JSON form.
pub fn checks(repo: &Repo, reports: &[(Report, bool)]) -> Result<String> {
    let exercises: Vec<Value> =
        reports.iter().map(|(report, saved)| one(repo, report, *saved)).collect();
    document(&json!({
        "solved": reports.iter().all(|(report, _)| report.solved()),
        "exercises": exercises,
    }))
}

fn one(repo: &Repo, report: &Report, saved: bool) -> Value {
    let outcome = match report.outcome {
        Outcome::Solved => "solved",
        Outcome::Failed => "failed",
        Outcome::DoesNotCompile => "does_not_compile",
        Outcome::Stopped => "stopped",
        Outcome::Ended => "ended",
        Outcome::NoChecks => "no_checks",
        Outcome::Missing => "missing",
    };
    let checks = report.checks.iter().map(|check| {
        let (outcome, diagnosis) = match &check.result {
            CheckResult::Passed => ("passed", None),
            CheckResult::Failed(diagnosis) => ("failed", Some(plain(diagnosis))),
            CheckResult::Skipped => ("skipped", None),
            CheckResult::Unfinished => ("unfinished", None),
        };
        json!({ "check": check.title, "outcome": outcome, "diagnosis": diagnosis })
    });
    let errors = report.diagnostics.iter().map(|error| {
        let section = errors::advice(error).and_then(|advice| advice.section);
        json!({
            "code": error.code,
            "message": error.message,
            "file": error.file,
            "line": error.line,
            "rendered": plain(&error.rendered),
            "section": section.map(|section| hints::section(repo, section)),
        })
    });
    json!({
        "name": report.exercise.name(),
        "file": report.exercise.file(),
        "outcome": outcome,
        "reason": report.reason,
        "checks": checks.collect::<Vec<_>>(),
        "errors": errors.collect::<Vec<_>>(),
        "output": report.output.iter().map(|line| plain(line)).collect::<Vec<_>>(),
        "build_seconds": report.build.as_secs_f64(),
        "run_seconds": report.run.as_secs_f64(),
        "saved": saved,
    })
}

fn document(value: &Value) -> Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}
