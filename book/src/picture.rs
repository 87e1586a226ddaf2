//! The picture in the README: a lesson's output above its timeline, as an SVG.

use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result};

use async_workbook::text::escape_html;

use crate::sources::{Sources, lesson};

/// The file, in this book's folder.
pub const FILE: &str = "picture.svg";

/// The lesson that the README shows.
const SHOWN: &str = "03_gather";
const WIDTH: usize = 760;
const MARGIN: usize = 24;
const LINE: usize = 19;
const LABELS: usize = 110;

/// Fonts and colors: an image can use the reader's preference for light or dark. A test
/// compares the colors with those of `theme/workbook.css`.
const STYLE: &str = "
  text { font: 13px ui-monospace, Menlo, Consolas, monospace; fill: #1c2128 }
  .frame { fill: #fff; stroke: #d0d7de }
  .command, .title { font-weight: 600 }
  svg { overflow: visible } .label { text-anchor: end; transform: translateX(-10px) } .axis { fill: #59626e }
  .grid { stroke: #d0d7de }
  .wait { fill: #bcd6f4 }
  .poll { fill: #0f5fb5; stroke: #0f5fb5; stroke-width: 2 }
  text.done { fill: #1f7a37; paint-order: stroke; stroke: #fff; stroke-width: 4 }
  @media (prefers-color-scheme: dark) {
    text { fill: #cdd1e2 }
    .frame { fill: #161923; stroke: #2f3550 }
    .axis { fill: #9ba2bc }
    .grid { stroke: #2f3550 }
    .wait { fill: #33507a }
    .poll { fill: #9accff; stroke: #9accff }
    text.done { fill: #4cc26b; stroke: #161923 }
  }
";

/// Draws the first two blocks of the lesson's output and its timeline, from the
/// snapshots of the workbook in `root`.
pub fn draw(root: &Path) -> Result<String> {
    let sources = Sources::new(root);
    let lesson = lesson(SHOWN)?;
    let output = sources.output(lesson)?;
    let timeline = sources.timeline(lesson, None)?;

    let mut text = String::new();
    let _ = write!(
        text, // cannot fail, here and below
        "<text class=\"command\" x=\"{MARGIN}\" y=\"36\">$ cargo run --example {SHOWN}</text>"
    );
    let top = 36 + LINE + 6;
    let mut bottom = top;
    for (column, block) in output.split("\n\n").take(2).enumerate() {
        let x = MARGIN + column * WIDTH / 2;
        for (row, line) in block.lines().enumerate() {
            let y = top + row * LINE;
            let indented = escape_html(line).replace(' ', "\u{a0}");
            let _ = write!(text, "\n<text x=\"{x}\" y=\"{y}\">{indented}</text>");
            bottom = bottom.max(y);
        }
    }

    let bars = timeline.svg();
    let height: usize = bars
        .split_once("height=\"")
        .and_then(|(_, rest)| rest.split_once('"')?.0.parse().ok())
        .context("the timeline has no height")?;
    let (y, width) = (bottom + LINE, WIDTH - 2 * MARGIN - LABELS);
    let total = y + height + MARGIN;
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{total}\">\n\
         <style>{STYLE}</style>\n\
         <rect class=\"frame\" x=\"0.5\" y=\"0.5\" width=\"{}\" height=\"{}\" rx=\"8\"/>\n\
         {text}\n\
         <svg x=\"{}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" \
         overflow=\"visible\">\n{bars}\n</svg>\n\
         </svg>\n",
        WIDTH - 1,
        total - 1,
        MARGIN + LABELS
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_timeline_has_the_colors_of_the_pages() {
        let css = include_str!("../theme/workbook.css");
        let (light, dark) = STYLE.split_once("@media").unwrap();
        for (theme, style) in [(".light,", light), (".navy {", dark)] {
            let (_, theme) = css.split_once(theme).unwrap();
            for (class, property) in
                [("wait", "wait"), ("poll", "poll"), ("done", "good")]
            {
                let color = theme.split_once(&format!("--{property}: ")).unwrap().1;
                let fill = format!(".{class} {{ fill: {}", &color[..7]);
                assert!(style.contains(&fill), "no `{fill}`");
            }
        }
    }
}
