//! `reset`: restores an exercise's starter, and keeps a backup of the learner's file.

use std::fs;
use std::process::ExitCode;

use anyhow::{Context as _, Result};

use crate::cli::context::Context;
use crate::cli::progress::{Progress, same_lines, since_epoch};
use crate::cli::repo::{Exercise, read_file, read_text, write_new};

/// Restores the starter and marks the exercise unsolved. If the backup cannot be written,
/// the exercise is unchanged.
pub fn run(cx: &Context, exercise: &Exercise) -> Result<ExitCode> {
    // Like every command that writes, it fails if the progress is unreadable.
    let before = cx.progress()?;
    if !cx.create_if_missing(exercise)? {
        restore(cx, exercise)?;
    }
    Progress::reopen(&cx.repo, exercise).context("could not save your progress")?;
    if before.is_solved(exercise) {
        cx.screen.line(&format!("{} is unsolved again", exercise.name()));
    }
    Ok(ExitCode::SUCCESS)
}

/// Backs up the learner's file and restores the starter.
fn restore(cx: &Context, exercise: &Exercise) -> Result<()> {
    let (file, starter) = (exercise.file(), read_text(&exercise.starter())?);
    let shown = cx.repo.display_path(&file);
    let old = read_file(&file).with_context(|| format!("could not read {shown}"))?;
    if same_lines(&String::from_utf8_lossy(&old), &starter) {
        cx.screen.line(&format!("{shown} is already the starter"));
        return Ok(());
    }
    let name = format!("{}-{}.rs", exercise.name(), since_epoch().as_millis());
    let folder = cx.repo.root.join(".workbook/backups");
    let backup = folder.join(name);
    fs::create_dir_all(&folder)
        .and_then(|()| write_new(&backup, &old))
        .with_context(|| format!("could not write {}", backup.display()))
        .context("could not back up your file; nothing was changed")?;
    let backup =
        format!("your file was backed up to {}", cx.repo.display_path(&backup));
    // If the disk is full, the file may now be truncated: name the backup.
    fs::write(&file, starter)
        .with_context(|| format!("could not write {shown}; {backup}"))?;
    cx.screen.line(&format!("restored the starter: {shown}"));
    cx.screen.line(&backup);
    Ok(())
}
