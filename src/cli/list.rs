//! `list`: every lesson, and how its exercise stands.

use super::json;
use super::learner::sign;
use super::progress::{Progress, State};
use super::repo::Repo;
use super::screen::{Look, Screen, clipped};
use anyhow::Result;
use async_workbook::LESSONS;
use std::process::ExitCode;

/// Shows the list.
///
/// # Errors
///
/// When progress cannot be read.
pub fn run(repo: &Repo, screen: &Screen, as_json: bool) -> Result<ExitCode> {
    let progress = Progress::load(repo)?;
    if as_json {
        screen.text(&json::list(repo, &progress)?)?;
    } else {
        show(repo, screen, &progress)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Shows it as text.
///
/// # Errors
///
/// When nobody reads any more.
pub fn show(repo: &Repo, screen: &Screen, progress: &Progress) -> Result<()> {
    let current = progress.current(&repo.exercises());
    let widest = LESSONS.iter().map(|lesson| lesson.name.len()).max().unwrap_or(0);
    let mut changed = false;
    for lesson in LESSONS {
        let exercise = repo.exercise(lesson);
        let state = exercise.as_ref().map(|exercise| progress.state(exercise));
        changed |= state == Some(State::Changed);
        let here = current.is_some() && exercise == current;
        let arrow = if here { ">" } else { " " };
        let room = screen.columns().saturating_sub(widest + 6);
        let name = format!("{:widest$}", lesson.name);
        let name = if here { screen.paint(Look::Strong, &name) } else { name };
        let sign = sign(screen, state);
        let question = clipped(lesson.question, room);
        screen.line(&format!("{arrow} {sign} {name}  {question}"))?;
    }
    let mut legend = "✓ solved, · open".to_owned();
    if changed {
        legend.push_str(", ~ solved and changed since");
    }
    screen.line("")?;
    screen.wrapped("  ", &legend)?;
    Ok(())
}
