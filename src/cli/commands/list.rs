//! `list`: prints every lesson and the state of its exercise.

use std::process::ExitCode;

use anyhow::Result;
use async_workbook::LESSONS;
use async_workbook::text::{fit, wrap};
use serde_json::{Value, json};

use crate::cli::context::Context;
use crate::cli::progress::{ExerciseState, Progress};
use crate::cli::screen::{Screen, Style};

/// Prints the list, as text or as JSON.
pub fn run(cx: &Context, as_json: bool) -> Result<ExitCode> {
    if as_json {
        cx.screen.json(&document(cx, &cx.progress()?));
    } else {
        show(cx)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints the list as text.
pub fn show(cx: &Context) -> Result<()> {
    let (screen, progress) = (&cx.screen, cx.progress()?);
    let exercises = cx.repo.exercises();
    let current = progress.current(&exercises);
    let widest = LESSONS.iter().map(|lesson| lesson.name.len()).max().unwrap_or(0);
    let mut legend = "✓ solved, · unsolved".to_owned();
    for lesson in LESSONS {
        let exercise = cx.repo.exercise(lesson);
        let state = exercise.as_ref().map(|exercise| progress.state(exercise));
        if state == Some(ExerciseState::Changed) && !legend.contains('~') {
            legend.push_str(", ~ changed since it was solved");
        }
        let is_current = current.is_some() && exercise.as_ref() == current;
        let arrow = if is_current { ">" } else { " " };
        let mut name = fit(lesson.name, widest);
        if is_current {
            name = screen.paint(Style::Strong, &name);
        }
        let sign = sign(screen, state);
        let indent = " ".repeat(widest + 6);
        let question = wrap(lesson.question, &indent, screen.columns());
        let question = question.trim_start();
        screen.line(&format!("{arrow} {sign} {name}  {question}"));
    }
    screen.wrapped("  ", &format!("\n{legend}"));
    Ok(())
}

/// Returns the symbol for a state.
pub fn sign(screen: &Screen, state: Option<ExerciseState>) -> String {
    match state {
        Some(ExerciseState::Solved) => screen.paint(Style::Good, "✓"),
        Some(ExerciseState::Changed) => screen.paint(Style::Warning, "~"),
        Some(ExerciseState::Unsolved) => screen.paint(Style::Quiet, "·"),
        None => " ".to_owned(),
    }
}

/// Formats the document of `list --json`, whose fields the help text in `args.rs`
/// describes.
fn document(cx: &Context, progress: &Progress) -> Value {
    let exercises = cx.repo.exercises();
    let lessons = LESSONS.iter().map(|lesson| {
        let exercise = cx.repo.exercise(lesson);
        let state = exercise.as_ref().map(|exercise| progress.state(exercise));
        json!({
            "name": lesson.name,
            "title": lesson.title,
            "question": lesson.question,
            "minutes": lesson.minutes,
            "postgres": lesson.postgres,
            "state": state,
            "solved_at": progress.solved.get(lesson.name).map(|solved| solved.solved_at),
            "hints": progress.hints.get(lesson.name).unwrap_or(&0),
            "file": exercise.map(|exercise| exercise.file()),
        })
    });
    json!({
        "current": progress.current(&exercises).map(|exercise| exercise.name()),
        "solved": progress.count_solved(&exercises),
        "exercises": exercises.len(),
        "lessons": lessons.collect::<Vec<Value>>(),
    })
}
