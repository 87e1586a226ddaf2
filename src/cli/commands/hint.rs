//! `hint`: shows one more hint each time.

use anyhow::Result;
use async_workbook::Hint;

use crate::cli::args::HintOptions;
use crate::cli::context::Context;
use crate::cli::markdown;
use crate::cli::progress::Progress;
use crate::cli::repo::Exercise;
use crate::cli::screen::Style;

/// Prints hints, and records that they were shown.
pub fn show(cx: &Context, exercise: &Exercise, options: &HintOptions) -> Result<()> {
    let (screen, name) = (&cx.screen, exercise.name());
    let all = markdown::load_hints(exercise)?.hints;
    let seen = cx.progress()?.hints.get(name).copied().unwrap_or(0).min(all.len());
    let range = match seen {
        _ if options.all => 0..all.len(),
        _ if options.again => 0..seen,
        _ => seen..(seen + 1).min(all.len()),
    };
    if range.is_empty() {
        let [hint, solution] = ["hint", "solution"].map(|one| exercise.command(one));
        let text = match seen {
            0 => format!("no hint for {name} shown yet; run `{hint}`"),
            _ => format!(
                "no more hints; `{hint} --again` shows them again, \
                 `{solution} --spoil` shows a solution"
            ),
        };
        return Ok(screen.wrapped("", &text)?);
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
                "could not record this hint as shown: {error:#}; use \
                 `cargo workbook hint --all` to see the others"
            );
        }
    }
    Ok(())
}
