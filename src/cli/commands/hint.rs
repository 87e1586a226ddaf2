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
    let [hint, solution] =
        ["hint", "solution"].map(|subcommand| exercise.command(subcommand));
    let all = markdown::load_hints(exercise)?.hints;
    let seen = cx.progress()?.hints.get(name).copied().unwrap_or(0).min(all.len());
    let range = match seen {
        _ if options.all => 0..all.len(),
        _ if options.again => 0..seen,
        _ => seen..(seen + 1).min(all.len()),
    };
    if range.is_empty() {
        let text = match seen {
            0 => format!("no hint for {name} shown yet; run `{hint}`"),
            _ => format!(
                "no more hints; `{hint} --again` shows them again, \
                 `{solution} --spoil` shows a solution"
            ),
        };
        screen.wrapped("", &text);
        return Ok(());
    }
    let shown = all.iter().zip(1..).take(range.end).skip(range.start);
    for (Hint { title, text }, number) in shown {
        let title = screen.paint(Style::Strong, title);
        let heading = format!("{name} - hint {number} of {}: {title}", all.len());
        screen.wrapped("", &heading);
        screen.line("");
        markdown::show(cx, "  ", text);
        screen.line("");
    }
    if range.end > seen && screen.is_open() {
        let saved = Progress::change(&cx.repo, |progress| {
            let shown = progress.hints.entry(name.to_owned()).or_default();
            *shown = (*shown).max(range.end);
        });
        if let Err(error) = saved {
            eprintln!(
                "could not record this hint as shown: {error:#}; use \
                 `{hint} --all` to see the others"
            );
        }
    }
    Ok(())
}
