//! `reset`: restores an exercise's starter, and keeps a backup of the learner's file.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};

use crate::cli::context::Context;
use crate::cli::progress::{Progress, same_lines, since_epoch};
use crate::cli::repo::{Exercise, read_file, write_new};

/// Restores the starter and marks the exercise unsolved. If the backup cannot be written,
/// the exercise is unchanged.
pub fn run(cx: &Context, exercise: &Exercise) -> Result<ExitCode> {
    // Like every command that writes, it fails if the progress is unreadable.
    cx.progress()?;
    if !cx.create_if_missing(exercise)? {
        restore(cx, exercise)?;
    }
    let was_solved = Progress::reopen(&cx.repo, exercise);
    if was_solved.context("could not save your progress")? {
        cx.screen.line(&format!("{} is unsolved again", exercise.name()));
    }
    Ok(ExitCode::SUCCESS)
}

/// Backs up the learner's file and restores the starter.
fn restore(cx: &Context, exercise: &Exercise) -> Result<()> {
    let (file, starter) = (exercise.file(), exercise.starter());
    let shown = cx.repo.display_path(&file);
    let read = |path: &PathBuf| {
        read_file(path).with_context(|| format!("could not read {}", path.display()))
    };
    let (old, new) = (read(&file)?, read(&starter)?);
    if same_lines(&String::from_utf8_lossy(&old), &String::from_utf8_lossy(&new)) {
        cx.screen.line(&format!("{shown} is already the starter"));
        return Ok(());
    }
    let backup = back_up(cx, exercise, &old)
        .context("could not back up your file; nothing was changed")?;
    let backup =
        format!("your file was backed up to {}", cx.repo.display_path(&backup));
    // If the disk is full, the file may now be truncated: name the backup.
    fs::write(&file, new)
        .with_context(|| format!("could not write {shown}; {backup}"))?;
    cx.screen.line(&format!("restored the starter: {shown}"));
    cx.screen.line(&backup);
    Ok(())
}

/// Writes `text` to a new file and returns its path.
fn back_up(cx: &Context, exercise: &Exercise, text: &[u8]) -> Result<PathBuf> {
    let folder = cx.repo.root.join(".workbook/backups");
    fs::create_dir_all(&folder)
        .with_context(|| format!("could not create {}", folder.display()))?;
    let name = format!("{}-{}.rs", exercise.name(), since_epoch().as_millis());
    let path = folder.join(name);
    write_new(&path, text)
        .with_context(|| format!("could not write {}", path.display()))?;
    Ok(path)
}
