//! `solution`: shows a solution, once the exercise is solved.

use std::fs;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

use crate::cli::context::Context;
use crate::cli::progress::ExerciseState;
use crate::cli::repo::Exercise;

/// Prints the solution.
///
/// # Errors
///
/// If the exercise is not solved and `spoil` is false.
pub fn run(cx: &Context, exercise: &Exercise, spoil: bool) -> Result<ExitCode> {
    if cx.progress()?.state(exercise) == ExerciseState::Open && !spoil {
        bail!(
            "{} is not solved yet; run `{}` for a hint, or `{} --spoil` to see the solution \
             anyway",
            exercise.name(),
            exercise.command("hint"),
            exercise.command("solution")
        );
    }
    let path = exercise.solution();
    let text = fs::read_to_string(&path)
        .with_context(|| format!("could not read {}", path.display()))?;
    cx.screen.text(&text)?;
    Ok(ExitCode::SUCCESS)
}
