//! The runs of a lesson with other arguments, `{{#knob 04_bounded:12 pages}}`.
//!
//! Each of the recorded runs is a fold, whose title is the command. `theme/knob.js` shows
//! one of them at a time, and a slider instead of the titles.

use anyhow::{Context, Result, bail};

use async_workbook::timeline::Recording;

use super::{Expansion, LEGEND, figure, split};
use crate::sources::{Position, block, lesson};

/// Shows a block of the output of each run, and the sections of its timeline that differ
/// from those of another run, on one scale.
pub fn knob(expansion: &mut Expansion, argument: &str) -> Result<String> {
    let (name, words) = split(argument);
    let words =
        words.context("no block of the output, as in `04_bounded:12 pages`")?;
    let lesson = lesson(name)?;
    let knob = lesson.knob.with_context(|| format!("{name} has no knob"))?;
    let positions: Vec<Position> = expansion.sources.knob(lesson)?;
    let usual = expansion.sources.timeline(lesson, None)?;
    let is_usual = |position: &Position| position.timeline == usual;
    if !positions.iter().any(is_usual) {
        bail!("no run is that without an argument, with which the slider begins");
    }
    let runs = || positions.iter().map(|position| &position.timeline);
    let differs = |at: usize| {
        let mut sections = runs().map(|run| run.sections.get(at));
        let first = sections.next();
        sections.any(|section| Some(section) != first)
    };
    let scale = runs().flat_map(|run| &run.sections).map(|section| section.micros);
    let scale = scale.max().unwrap_or(0);

    let mut folds = String::new();
    for Position { value, output, timeline } in &positions {
        let sections = timeline.sections.iter().enumerate();
        let sections = sections.filter(|(at, _)| differs(*at));
        let sections = sections.map(|(_, section)| section.clone()).collect();
        let svg = Recording { sections }.svg_on(scale);
        let output = block(&output.join("\n"), words)?;
        let open = if *timeline == usual { " open" } else { "" };
        let argument = format!("{} {value}", knob.argument);
        folds += &format!(
            "<details{open} data-value=\"{value}\">\n<summary><code>cargo run --example \
             {name} -- {argument}</code></summary>\n\n```text\n{output}\n```\n\n{svg}\n\n\
             </details>\n"
        );
    }
    let picture = format!(
        "<div data-argument=\"{}\">\n{folds}</div>\n{LEGEND}",
        knob.argument
    );
    Ok(figure("timeline knob", &picture, None))
}
