//! The runs of a lesson with other arguments, `{{#knob 04_bounded 5}}`.
//!
//! Each of the recorded runs is a fold, whose title is the command. `theme/knob.js` shows
//! one of them at a time, and a slider instead of the titles.

use anyhow::{Context, Result, ensure};

use async_workbook::Knob;
use async_workbook::timeline::Recording;

use super::{Expansion, LEGEND, figure};
use crate::sources::{Position, lesson};

/// Shows the recorded output of each run, and the sections of its timeline that differ
/// from those of another run, on one scale. The slider begins with the value of which
/// the text speaks.
pub fn knob(expansion: &mut Expansion, argument: &str) -> Result<String> {
    let (name, first) = argument
        .split_once(' ')
        .context("expected a lesson and a value, as in `04_bounded 5`")?;
    let lesson = lesson(name)?;
    let knob = lesson.knob.with_context(|| format!("{name} has no knob"))?;
    let positions: Vec<Position> = expansion.sources.knob(lesson)?;
    ensure!(
        knob.values.iter().any(|value| value.to_string() == first),
        "no recorded run has the value {first}"
    );
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
        let output = match output.as_str() {
            "" => String::new(),
            output => format!("```text\n{output}\n```\n\n"),
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
