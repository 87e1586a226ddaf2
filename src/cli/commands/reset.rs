//! `reset`: restores an exercise's starting text, after a backup of the learner's.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

use crate::cli::context::Context;
use crate::cli::progress::{now, same_lines};
use crate::cli::repo::{Exercise, write_new};

/// # Errors
///
/// If the backup cannot be written; the exercise is then unchanged.
pub fn run(cx: &Context, exercise: &Exercise) -> Result<ExitCode> {
    // An unreadable progress file is reported by every command that changes something.
    cx.progress()?;
    let (file, starter) = (exercise.file(), exercise.starter());
    let shown = cx.repo.shown(&file);
    if exercise.create_if_missing()? {
        cx.print_created(exercise)?;
        return Ok(ExitCode::SUCCESS);
    }
    let read = |path: &PathBuf| {
        fs::read(path).with_context(|| format!("could not read {}", path.display()))
    };
    let (old, new) = (read(&file)?, read(&starter)?);
    if same_lines(&String::from_utf8_lossy(&old), &String::from_utf8_lossy(&new)) {
        cx.screen.line(&format!("{shown} has its starting text already"))?;
        return Ok(ExitCode::SUCCESS);
    }
    let backup = back_up(cx, exercise, &old)
        .context("could not back up your text, so nothing was changed")?;
    let backup = format!("your text was saved as {}", cx.repo.shown(&backup));
    // A full disk may leave half of the text: then the backup is all there is.
    fs::write(&file, new)
        .with_context(|| format!("could not write {shown}; {backup}"))?;
    cx.screen.line(&format!("{shown} has its starting text again"))?;
    cx.screen.line(&backup)?;
    Ok(ExitCode::SUCCESS)
}

/// Writes `text` to a new file and returns its path.
fn back_up(cx: &Context, exercise: &Exercise, text: &[u8]) -> Result<PathBuf> {
    let folder = cx.repo.root.join(".workbook/backups");
    fs::create_dir_all(&folder)
        .with_context(|| format!("could not create {}", folder.display()))?;
    let name = format!("{}-{}", exercise.name(), now());
    // Two resets within a second need two names.
    for suffix in 1..1000 {
        let path = match suffix {
            1 => folder.join(format!("{name}.rs")),
            _ => folder.join(format!("{name}-{suffix}.rs")),
        };
        match write_new(&path, text) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("could not write {}", path.display()));
            }
        }
    }
    bail!("too many backups in {}", folder.display())
}
