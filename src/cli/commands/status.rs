//! The command without arguments, and `next`: print the current exercise and what to do.

use std::process::ExitCode;

use anyhow::Result;
use async_workbook::Hints;

use super::list::{report_changed_checks, sign};
use crate::cli::context::Context;
use crate::cli::markdown;
use crate::cli::printer::{leave, print_all_solved};
use crate::cli::progress::Progress;
use crate::cli::repo::Exercise;
use crate::cli::screen::Style;

/// Prints how many exercises are solved, the current exercise, and the commands for it.
pub fn run(cx: &Context) -> Result<ExitCode> {
    let (screen, progress) = (&cx.screen, cx.progress()?);
    let exercises = cx.repo.exercises();
    let states = exercises.iter().map(|exercise| progress.state(exercise));
    let signs: Vec<_> = states.map(|state| sign(screen, Some(state))).collect();
    let summary = progress.summary(&exercises);
    screen.line(&format!("{}  {summary}", signs.join(" ")));
    report_changed_checks(cx, &progress);
    screen.line("");
    let Some(current) = progress.current(&exercises) else {
        print_all_solved(cx);
        return Ok(ExitCode::SUCCESS);
    };
    introduce(cx, current)?;
    screen.line("");
    for (command, help) in [
        ("cargo workbook watch".to_owned(), "check it after every save"),
        (current.command("run"), "run the lesson it belongs to"),
        ("cargo workbook hint".to_owned(), "show a hint"),
        ("cargo workbook open".to_owned(), "open it in your editor"),
    ] {
        let help = if screen.columns() < 60 { "" } else { help };
        let line = format!("  {command:<22}  {}", screen.paint(Style::Quiet, help));
        screen.line(line.trim_end());
    }
    Ok(ExitCode::SUCCESS)
}

/// Moves on to the next unsolved exercise.
pub fn next(cx: &Context) -> Result<ExitCode> {
    let before = cx.progress()?;
    let exercises = cx.repo.exercises();
    // After a pass, the current exercise is already the next one. Start from the solved
    // one, so that `next` does not skip an exercise.
    let mut solved = exercises.iter().filter(|exercise| before.is_solved(exercise));
    let from =
        solved.find(|exercise| before.is_selected(exercise)).map(Exercise::name);
    match Progress::advance(&cx.repo, from)? {
        Some(exercise) => {
            let left = before.current(&exercises).filter(|_| from.is_none());
            left.inspect(|left| leave(cx, left));
            introduce(cx, &exercise)?;
            cx.screen.line("\n  to check it: cargo workbook watch");
        }
        None if before.current(&exercises).is_some() => {
            cx.screen.line("this is the last unsolved exercise");
        }
        None => print_all_solved(cx),
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints an exercise's name, its task and its file.
fn introduce(cx: &Context, exercise: &Exercise) -> Result<()> {
    let screen = &cx.screen;
    let Hints { title, task, .. } =
        markdown::load_hints(exercise).unwrap_or_default();
    let name = screen.paint(Style::Strong, exercise.name());
    screen.line(format!("{name}  {title}").trim_end());
    markdown::show(cx, "  ", &task);
    // The learner opens the path that is printed here, so the file has to exist.
    cx.create_if_missing(exercise)?;
    let shown = cx.repo.display_path(&exercise.file());
    screen.line(&format!("  {}", screen.link(&exercise.file(), &shown)));
    Ok(())
}
