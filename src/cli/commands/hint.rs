//! `hint`: one more hint at each call.

use anyhow::Result;
use async_workbook::Hint;

use crate::cli::context::Context;
use crate::cli::markdown;
use crate::cli::progress::Progress;
use crate::cli::repo::Exercise;
use crate::cli::screen::Style;

/// The hints to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// One more; after the last, all of them.
    Next,
    /// Those shown before.
    Again,
    All,
}

/// Prints hints, and records that they were shown.
///
/// # Errors
///
/// If the hints or the progress cannot be read.
pub fn show(cx: &Context, exercise: &Exercise, which: Which) -> Result<()> {
    let (screen, name) = (&cx.screen, exercise.name());
    let all = markdown::load_hints(exercise)?.hints;
    let seen = cx.progress()?.hints.get(name).copied().unwrap_or(0).min(all.len());
    let range = match which {
        Which::Next if seen < all.len() => seen..seen + 1,
        Which::Next | Which::All => 0..all.len(),
        Which::Again => 0..seen,
    };
    if range.is_empty() {
        let command = exercise.command("hint");
        screen
            .line(&format!("you have not seen a hint on {name} yet: {command}"))?;
        return Ok(());
    }
    for (index, Hint { title, text }) in all.iter().enumerate() {
        if range.contains(&index) {
            let title = screen.paint(Style::Strong, title);
            let number = index + 1;
            let heading =
                format!("{name} - hint {number} of {}: {title}", all.len());
            screen.wrapped("", &heading)?;
            screen.line("")?;
            markdown::show(cx, "  ", text)?;
            screen.line("")?;
        }
    }
    if range.end > seen {
        let saved = Progress::change(&cx.repo, |progress| {
            let shown = progress.hints.entry(name.to_owned()).or_default();
            *shown = (*shown).max(range.end);
        });
        if let Err(error) = saved {
            eprintln!(
                "could not record that you have seen this hint ({error:#}); \
                 `hint --all` shows the rest"
            );
        }
    }
    Ok(())
}
