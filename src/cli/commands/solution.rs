//! `solution`: shows a solution, once the exercise is solved.

use std::process::ExitCode;

use anyhow::{Result, bail};
use async_workbook::Lesson;

use crate::cli::context::Context;
use crate::cli::repo::read_text;

/// Prints the solution, by default of the exercise that was solved last: after a pass, the
/// current one is the next. Fails if it is not solved and `spoil` is false.
pub fn run(
    cx: &Context,
    lesson: Option<&'static Lesson>,
    spoil: bool,
) -> Result<ExitCode> {
    let progress = cx.progress()?;
    let exercises = cx.repo.exercises();
    let exercise = match progress.last_solved(&exercises) {
        Some(last) if lesson.is_none() && !spoil => last.clone(),
        _ => cx.exercise(lesson, "solution")?,
    };
    if !progress.is_solved(&exercise) && !spoil {
        bail!(
            "{} is not solved yet; run `{}` for a hint, or `{} --spoil` to see the solution \
             anyway",
            exercise.name(),
            exercise.command("hint"),
            exercise.command("solution")
        );
    }
    let path = exercise.solution();
    let text = read_text(&path)?;
    cx.screen.text(&format!("// {}\n{text}", cx.repo.display_path(&path)));
    Ok(ExitCode::SUCCESS)
}
