//! The runs of a lesson with other arguments, `{{#knob 04_bounded}}`.
//!
//! Each of the recorded runs is a fold, whose title is the command. `theme/knob.js` shows
//! one of them at a time, and a slider instead of the titles.

use anyhow::{Context, Result};

use async_workbook::Knob;
use async_workbook::timeline::Recording;

use super::{Expansion, LEGEND, figure};
use crate::sources::{Position, lesson};

/// Shows the recorded output of each run, and the sections of its timeline that differ
/// from those of another run, on one scale. With a part of the lesson, such as
/// `07_pitfalls/blocking`, the usual run is that of the part's own timeline.
pub fn knob(expansion: &mut Expansion, argument: &str) -> Result<String> {
    let (name, part) = match argument.split_once('/') {
        Some((name, part)) => (name, Some(part)),
        None => (argument, None),
    };
    let lesson = lesson(name)?;
    let knob = lesson.knob.with_context(|| format!("{name} has no knob"))?;
    let positions: Vec<Position> = expansion.sources.knob(lesson)?;
    let usual = expansion.sources.timeline(lesson, part)?;
    let is_usual = |position: &Position| position.timeline == usual;
    let usual = positions.iter().position(is_usual).context(
        "no run is that without an argument, with which the slider begins",
    )?;
    let runs = || positions.iter().map(|position| &position.timeline);
    let differs = |at: usize| {
        let mut sections = runs().map(|run| run.sections.get(at));
        let first = sections.next();
        sections.any(|section| Some(section) != first)
    };
    let scale = runs().flat_map(|run| &run.sections).map(|section| section.micros);
    let scale = scale.max().unwrap_or(0);

    let mut folds = String::new();
    for (at, Position { value, output, timeline }) in positions.iter().enumerate() {
        let sections = timeline.sections.iter().enumerate();
        let sections = sections.filter(|(at, _)| differs(*at));
        let sections = sections.map(|(_, section)| section.clone()).collect();
        let svg = Recording { sections }.svg_on(scale);
        let output = match output.as_str() {
            "" => String::new(),
            output => format!("```text\n{output}\n```\n\n"),
        };
        let open = if at == usual { " open" } else { "" };
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
