//! `list`: prints every lesson and the state of its exercise.

use anyhow::Result;
use async_workbook::text::{count, fit, wrap};
use async_workbook::{LESSONS, Lesson};
use serde_json::{Value, json};

use crate::cli::context::Context;
use crate::cli::progress::{ExerciseState, Progress};
use crate::cli::screen::{Screen, Style};

/// Prints the list: of each lesson the question, or the minutes until the first pass.
pub fn show(cx: &Context, minutes: bool) -> Result<()> {
    let (screen, progress) = (&cx.screen, cx.progress()?);
    let exercises = cx.repo.exercises();
    let current = progress.current(&exercises);
    let widest = LESSONS.iter().map(|lesson| lesson.name.len()).max().unwrap_or(0);
    for lesson in LESSONS {
        let exercise = cx.repo.exercise(lesson);
        let state = exercise.as_ref().map(|exercise| progress.state(exercise));
        let is_current = current.is_some() && exercise.as_ref() == current;
        let arrow = if is_current { ">" } else { " " };
        let mut name = fit(lesson.name, widest);
        if is_current {
            name = screen.paint(Style::Strong, &name);
        }
        let sign = sign(screen, state);
        let indent = " ".repeat(widest + 6);
        let text = match taken(&progress, lesson) {
            _ if !minutes => wrap(lesson.question, &indent, screen.columns()),
            Some(taken) => count(taken, "minute"),
            None => "-".to_owned(),
        };
        screen.line(&format!("{arrow} {sign} {name}  {}", text.trim_start()));
    }
    screen.wrapped("  ", "\n✓ solved, ~ changed since it was solved, · unsolved");
    report_changed_checks(cx, &progress);
    Ok(())
}

/// Returns the minutes until the first pass, rounded.
fn taken(progress: &Progress, lesson: &Lesson) -> Option<u64> {
    Some((progress.solved.get(lesson.name)?.seconds? + 30) / 60)
}

/// Reports the exercises that are solved, but whose check has changed since.
pub fn report_changed_checks(cx: &Context, progress: &Progress) {
    for exercise in cx.repo.exercises() {
        if progress.check_has_changed(&exercise) {
            let (name, check) = (exercise.name(), exercise.command("check"));
            let note = format!("{name} passed, but its check has changed since");
            cx.screen.wrapped("", &format!("{note}: {check}"));
        }
    }
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
pub fn document(cx: &Context) -> Result<Value> {
    let progress = &cx.progress()?;
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
            "minutes_taken": taken(progress, lesson),
            "hints": progress.hints.get(lesson.name).unwrap_or(&0),
            "file": exercise.map(|exercise| exercise.file()),
        })
    });
    Ok(json!({
        "current": progress.current(&exercises).map(|exercise| exercise.name()),
        "solved": progress.count_solved(&exercises),
        "exercises": exercises.len(),
        "lessons": lessons.collect::<Vec<Value>>(),
    }))
}
