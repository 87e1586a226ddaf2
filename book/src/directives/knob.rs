//! The runs of a lesson with other arguments, `{{#knob 04_bounded 4}}`.
//!
//! Each of the recorded runs is a fold, whose title is the command. `theme/knob.js` shows
//! one of them at a time, and a slider instead of the titles.

use anyhow::{Context, Result, ensure};

use async_workbook::Knob;
use async_workbook::timeline::Recording;

use super::{Expansion, LEGEND, figure};
use crate::sources::{Position, lesson};

/// Shows the recorded output of each run, and its timeline from the first section on that
/// the argument changes. All are on one scale. The slider begins with the given value.
pub fn knob(expansion: &mut Expansion, argument: &str) -> Result<String> {
    let (name, first) = argument
        .split_once(' ')
        .context("expected a lesson and a value, as in `04_bounded 4`")?;
    let lesson = lesson(name)?;
    let knob = lesson.knob.with_context(|| format!("{name} has no knob"))?;
    let positions: Vec<Position> = expansion.sources.knob(lesson)?;
    ensure!(
        knob.values.iter().any(|value| value.to_string() == first),
        "no recorded run has the value {first}"
    );
    let runs = || positions.iter().map(|position| &position.timeline.sections);
    let changes = |&at: &usize| {
        runs().any(|sections| {
            sections.get(at) != positions[0].timeline.sections.get(at)
        })
    };
    let all = positions[0].timeline.sections.len();
    let from = (0..all).find(changes).unwrap_or(all);
    let scale = runs().flatten().map(|section| section.micros).max().unwrap_or(0);

    let mut folds = String::new();
    for Position { value, output, timeline } in &positions {
        let sections = timeline.sections.iter().skip(from).cloned().collect();
        let svg = Recording { sections }.svg_on(scale);
        let output = match output.as_str() {
            "" => String::new(),
            output => format!("```text,output\n{output}\n```\n\n"),
        };
        let open = if value.to_string() == first { " open" } else { "" };
        let argument = format!("{} {value}", knob.argument);
        folds += &format!(
            "<details{open} data-value=\"{value}\">\n<summary><code>cargo run --example \
             {name} -- {argument}</code></summary>\n\n{output}{svg}\n\n\
             </details>\n"
        );
    }
    let legend = if folds.contains("<svg") { LEGEND } else { "" };
    let Knob { argument, least, most, .. } = knob;
    let picture = format!(
        "<div data-lesson=\"{name}\" data-argument=\"{argument}\" data-least=\"{least}\" \
         data-most=\"{most}\">\n{folds}</div>\n{legend}"
    );
    Ok(figure("timeline knob", &picture, None))
}
