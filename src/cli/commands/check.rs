//! `check`: checks one exercise, or all of them, once.

use std::process::ExitCode;

use anyhow::{Result, bail};
use async_workbook::Lesson;
use async_workbook::text::count;
use serde_json::{Value, json};

use crate::cli::advice;
use crate::cli::args::CheckOptions;
use crate::cli::build::Diagnostic;
use crate::cli::check_run::{CheckEvent, CheckRun, Report};
use crate::cli::context::Context;
use crate::cli::error::Error;
use crate::cli::inbox::Message;
use crate::cli::printer::{CheckPrinter, after_pass};
use crate::cli::repo::{Exercise, Repo};
use crate::cli::screen::Style;

/// Checks one exercise, by default the current one.
pub fn one(
    cx: &Context,
    lesson: Option<&'static Lesson>,
    options: &CheckOptions,
    as_json: bool,
) -> Result<ExitCode> {
    // Fail early if the progress is unreadable, because a pass could not be saved.
    let progress = cx.progress()?;
    let all_solved = || progress.current(&cx.repo.exercises()).is_none();
    if as_json && lesson.is_none() && all_solved() {
        cx.screen.json(&document(&cx.repo, &[]));
        return Ok(ExitCode::SUCCESS);
    }
    let exercise = cx.exercise(lesson, "check")?;
    cx.inbox.listen_for_signals()?;
    let report = if as_json {
        run(cx, &exercise, options, None)?
    } else {
        // `watch` in another terminal may have solved the selected exercise.
        let selected = progress.selected.as_deref().and_then(Lesson::named);
        if let Some(solved) = selected.filter(|lesson| *lesson != exercise.lesson)
            && lesson.is_none()
        {
            let (name, number) = (solved.name, solved.number());
            let note = format!(
                "{name} is solved, so this checks the next exercise. To check {name} \
                 again: `cargo workbook check {number}`"
            );
            cx.screen.wrapped("", &note);
        }
        let mut printer = CheckPrinter::start(cx, &exercise)?;
        run(cx, &exercise, options, Some(&mut printer))?
    };
    let (solved, saved) = (report.solved(), report.save(&cx.repo));
    if as_json {
        cx.screen.json(&document(&cx.repo, &[(*report, saved)]));
    } else if solved {
        after_pass(cx, &exercise, "`cargo workbook next`");
    }
    Ok(if solved { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Checks every exercise, and prints a summary of each.
pub fn all(cx: &Context, options: &CheckOptions, as_json: bool) -> Result<ExitCode> {
    cx.progress()?;
    cx.inbox.listen_for_signals()?;
    let screen = &cx.screen;
    let exercises = cx.repo.exercises();
    let mut reports = Vec::new();
    for exercise in &exercises {
        let status = !as_json && screen.terminal;
        if status {
            let line = format!("  checking {} ...", exercise.name());
            screen.text(&screen.paint(Style::Quiet, &line));
        }
        let report = run(cx, exercise, options, None);
        if status {
            screen.text("\r\x1b[K");
        }
        let report = report?;
        if !as_json {
            let (style, sign) = report.sign();
            screen.item("", style, sign, &report.verdict());
        }
        let saved = report.save(&cx.repo);
        reports.push((*report, saved));
    }
    let solved = reports.iter().filter(|(report, _)| report.solved()).count();
    if as_json {
        screen.json(&document(&cx.repo, &reports));
    } else {
        let all = count(exercises.len() as u64, "exercise");
        screen.line(&format!("\n{solved} of {all} solved"));
    }
    let all = solved == exercises.len();
    Ok(if all { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs a check to its end. Without a printer, prints nothing and uses no color.
fn run(
    cx: &Context,
    exercise: &Exercise,
    options: &CheckOptions,
    mut printer: Option<&mut CheckPrinter<'_>>,
) -> Result<Box<Report>> {
    let color = printer.is_some() && cx.screen.color;
    let mut run = CheckRun::start(cx, exercise, options, color)?;
    loop {
        let event = run.next(cx)?;
        if let Some(printer) = &mut printer {
            printer.print(&event);
        }
        match event {
            CheckEvent::Finished(report) => return Ok(report),
            CheckEvent::Message(Message::Interrupt(signal)) => {
                if printer.is_some() {
                    cx.screen.line("interrupted");
                }
                bail!(Error::Interrupted(signal));
            }
            CheckEvent::Message(Message::Suspend) => run.suspend(),
            _ => {}
        }
    }
}

/// Formats the document of `check --json`, whose fields the help text in `args.rs`
/// describes. The flag of each report is true if its pass was saved.
fn document(repo: &Repo, reports: &[(Report, bool)]) -> Value {
    let error = |error: &Diagnostic| {
        let advice = advice::find(error);
        json!({
            "code": error.code,
            "message": error.message,
            "file": error.file,
            "line": error.line,
            "rendered": error.rendered,
            "advice": advice.map(|advice| advice.text),
            "section": advice.and_then(|advice| advice.path(repo)),
        })
    };
    let exercise = |(report, saved): &(Report, bool)| {
        json!({
            "name": report.exercise.name(),
            "file": report.exercise.file(),
            "outcome": report.outcome,
            "reason": report.reason,
            "checks": report.checks,
            "errors": report.diagnostics.iter().map(error).collect::<Vec<_>>(),
            "output": report.output,
            "saved": saved,
        })
    };
    json!({
        "solved": reports.iter().all(|(report, _)| report.solved()),
        "exercises": reports.iter().map(exercise).collect::<Vec<_>>(),
    })
}
