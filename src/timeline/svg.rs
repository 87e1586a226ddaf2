//! Draws a recording as SVG, for a page of the book.
//!
//! Horizontal positions are percentages, so the picture fills any width. Vertical
//! positions and text sizes are pixels, so text stays readable on a phone. Labels are to
//! the left of the picture, in a margin of `--label` columns that the style sheet makes.
//! The picture has no colors of its own: the page's style sheet sets them by the classes
//! `title`, `label`, `axis`, `grid`, `wait`, `queued`, `task`, `poll`, `nothing`,
//! `outcome`, `late` and the outcome's word, so that it follows the page's theme.

use std::fmt::Write;

use super::recording::millis;
use super::{Outcome, Recording, Row, Section};
use crate::text::{self, escape_html};

/// Heights and vertical offsets in pixels.
const TITLE: u64 = 28;
const ROW: u64 = 20;
const LABEL_BASE: u64 = 13;
const BAR_TOP: u64 = 3;
const BAR: u64 = 12;
const AXIS: u64 = 20;
/// The most columns of a label.
const MAX_LABEL: usize = 24;
/// The most characters of a title that fit on a phone.
const PHONE_TITLE: usize = 44;

impl Recording {
    /// Draws the recording as one `<svg>` element, with [`describe`](Self::describe)
    /// as its text alternative. Returns an empty string if there are no sections.
    pub fn svg(&self) -> String {
        self.svg_on(self.scale())
    }

    /// The same on an axis of `scale` microseconds, at least those of the longest
    /// section: pictures on one axis can be compared.
    pub fn svg_on(&self, scale: u64) -> String {
        if self.sections.is_empty() {
            return String::new();
        }
        Picture { sections: &self.sections, scale }.draw(&self.describe())
    }
}

struct Picture<'a> {
    sections: &'a [Section],
    /// The width in microseconds.
    scale: u64,
}

impl Picture<'_> {
    fn draw(&self, words: &str) -> String {
        let mut body = String::new();
        let mut top = 0;
        for section in self.sections {
            top = self.draw_section(section, top, &mut body);
        }
        let height = top + AXIS;
        // Writing to a `String` cannot fail, here and below.
        let mut svg = String::new();
        let words = escape_html(words);
        let rows = self.sections.iter().flat_map(Section::shown);
        let widths = rows.map(|row| text::width(&row.label));
        let more = self.sections.iter().filter_map(Section::hidden);
        let label = widths.chain(more.map(|more| more.len())).max().unwrap_or(0);
        let label = label.min(MAX_LABEL);
        let _ = write!(
            svg,
            "<svg class=\"timeline-svg\" style=\"--label:{label}\" height=\"{height}\" \
             role=\"img\" aria-label=\"{words}\">"
        );
        self.draw_axis(top, &mut svg);
        svg.push_str(&body);
        svg.push_str("</svg>");
        svg
    }

    fn draw_section(&self, section: &Section, top: u64, svg: &mut String) -> u64 {
        // A check quotes code as in its messages; a picture has no font for it.
        let title = section.title.replace('`', "");
        let title = format!("{title}: {}", millis(section.micros));
        let base = top + 18;
        // The style sheet makes a long one smaller on a phone.
        let style = match title.chars().count() {
            0..=PHONE_TITLE => String::new(),
            length => format!(" style=\"--length:{length}\""),
        };
        let _ = write!(
            svg,
            "\n<text class=\"title\"{style} x=\"0\" y=\"{base}\">{}</text>",
            escape_html(&title)
        );
        let mut top = top + TITLE;
        // Consecutive rows of one task.
        for rows in section.shown().chunk_by(|a, b| a.task == b.task) {
            if rows[0].task.is_some() {
                self.draw_frame(rows, top, svg);
            }
            for row in rows {
                self.draw_row(row, top, svg);
                top += ROW;
            }
        }
        if let Some(more) = section.hidden() {
            let base = top + LABEL_BASE;
            let _ = write!(
                svg,
                "\n<text class=\"label\" x=\"0\" y=\"{base}\">{more}</text>"
            );
            top += ROW;
        }
        top + 6
    }

    /// Draws the frame around what a task owns. The style sheet makes it a little wider
    /// than the bars.
    fn draw_frame(&self, rows: &[Row], top: u64, svg: &mut String) {
        let from = rows.iter().map(|row| row.life.0).min().unwrap_or(0);
        let to = rows.iter().map(|row| row.life.1).max().unwrap_or(0);
        let _ = write!(
            svg,
            "\n<rect class=\"task\" style=\"--from:{};--width:{}\" y=\"{top}\" height=\"{}\" rx=\"4\"/>",
            self.percent(from),
            self.percent(to - from),
            rows.len() as u64 * ROW - 2,
        );
    }

    fn draw_row(&self, row: &Row, top: u64, svg: &mut String) {
        let label = text::clip(&row.label, MAX_LABEL);
        let label = escape_html(&label);
        let (from, to) = row.life;
        let (base, bar) = (top + LABEL_BASE, top + BAR_TOP);
        let end = row.outcome.map(Outcome::mark);
        let _ = write!(
            svg,
            "\n<text class=\"label\" x=\"0\" y=\"{base}\">{label}</text>"
        );
        let _ = write!(
            svg,
            "<rect class=\"wait {}\" x=\"{}\" width=\"{}\" y=\"{bar}\" height=\"{BAR}\"/>",
            end.map_or("", |(_, word)| word),
            self.percent(from),
            self.percent(to - from),
        );
        if let Some((from, to)) = row.queued() {
            let _ = write!(
                svg,
                "<rect class=\"queued\" x=\"{}\" width=\"{}\" y=\"{bar}\" height=\"{BAR}\"/>",
                self.percent(from),
                self.percent(to - from),
            );
        }
        for (n, &(from, to)) in row.polls.iter().enumerate() {
            // Like the player, shows one that takes a millisecond as work.
            if row.for_nothing.contains(&n) && to - from < 1000 {
                let (x, y) = (self.percent(from), bar + BAR / 2);
                let _ = write!(
                    svg,
                    "<circle class=\"nothing\" cx=\"{x}\" cy=\"{y}\" r=\"3.5\"/>"
                );
                continue;
            }
            // On a paused clock a poll takes no time, and a bar without width is
            // invisible.
            let to = to.max(from + self.scale / 1000);
            let _ = write!(
                svg,
                "<rect class=\"poll\" x=\"{}\" width=\"{}\" y=\"{bar}\" height=\"{BAR}\"/>",
                self.percent(from),
                self.percent(to - from),
            );
        }
        if let Some((mark, word)) = end {
            let x = self.percent(to);
            // After the bar, or if there is no space, before its end.
            let (anchor, dx) =
                if to * 4 > self.scale * 3 { ("end", -6) } else { ("start", 6) };
            // On a phone, the second half has no space after the bar, either.
            let late = if to * 2 > self.scale { " late" } else { "" };
            let _ = write!(
                svg,
                "<text class=\"outcome {word}{late}\" x=\"{x}\" dx=\"{dx}\" y=\"{base}\" text-anchor=\"{anchor}\">{mark} {word}</text>"
            );
        }
    }

    fn draw_axis(&self, height: u64, svg: &mut String) {
        let scale = self.scale;
        let step = self.unit().unwrap_or_else(|| round_step(scale));
        let base = height + 14;
        // Left of the axis, so that all numbers have space on a phone.
        let _ = write!(
            svg,
            "\n<text class=\"axis\" x=\"0\" dx=\"-10\" y=\"{base}\" text-anchor=\"end\">ms</text>"
        );
        for time in (0..=scale).step_by(usize::try_from(step).unwrap_or(usize::MAX))
        {
            let x = self.percent(time);
            let anchor = match time {
                0 => "start",
                // Too close to the right edge for a centered label.
                _ if time * 20 > scale * 19 => "end",
                _ => "middle",
            };
            let label = time / 1000;
            let _ = write!(
                svg,
                "\n<line class=\"grid\" x1=\"{x}\" x2=\"{x}\" y1=\"22\" y2=\"{height}\"/>\
                 <text class=\"axis\" x=\"{x}\" y=\"{base}\" text-anchor=\"{anchor}\">{label}\
                 </text>"
            );
        }
    }

    /// Returns the time of which all bars are multiples, such as 400 ms for bars of 400,
    /// 800 and 1200 ms, if it divides the picture into two to six parts.
    fn unit(&self) -> Option<u64> {
        let rows = self.sections.iter().flat_map(Section::shown);
        let times = rows.flat_map(|row| [row.life.0, row.life.1]);
        let unit = times.fold(self.scale, greatest_common_divisor);
        (2..=6).contains(&(self.scale / unit)).then_some(unit)
    }

    /// Converts a time to a percentage of the picture's width.
    fn percent(&self, micros: u64) -> String {
        format!("{:.2}%", 100.0 * micros as f64 / self.scale as f64)
    }
}

fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

/// Returns the distance between the lines of the axis in microseconds: 1, 2 or 5
/// times a power of ten, for at most five steps.
fn round_step(scale: u64) -> u64 {
    let round = |power: u32| [1, 2, 5].map(|digit| digit * 10_u64.pow(power));
    // From a millisecond to some years; a longer scale has only its first line.
    (3..15).flat_map(round).find(|step| scale / step <= 5).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture() {
        let rows = vec![
            Row {
                label: "a < b".into(),
                life: (0, 450_000),
                polls: vec![(0, 0), (300_000, 300_000)],
                for_nothing: vec![1],
                outcome: Some(Outcome::Dropped),
                ..Row::default()
            },
            Row {
                label: "late".into(),
                depth: 1,
                life: (300_000, 450_000),
                polls: vec![(400_000, 450_000)],
                outcome: Some(Outcome::Returned),
                task: Some(1),
                ..Row::default()
            },
        ];
        let section = Section {
            title: "\"both\"".into(),
            micros: 450_000,
            rows,
            order: vec![],
        };
        insta::assert_snapshot!(Recording { sections: vec![section] }.svg());
    }

    #[test]
    fn a_title_that_is_too_long_for_a_phone_says_how_long_it_is() {
        let svg = |title: &str| {
            let (title, rows, order) = (title.to_owned(), vec![], vec![]);
            let section = Section { title, micros: 1000, rows, order };
            Recording { sections: vec![section] }.svg()
        };
        assert!(svg("`a`").contains("title\" x=\"0\" y=\"18\">a: 1 ms<"));
        assert!(svg(&"b".repeat(38)).contains("title\" x="));
        assert!(svg(&"b".repeat(39)).contains("title\" style=\"--length:45\" x="));
    }

    #[test]
    fn the_axis_has_round_steps() {
        let steps = [1, 5_000, 300_000, 450_000, 500_000, 1_200_000].map(round_step);
        assert_eq!(steps, [1_000, 1_000, 100_000, 100_000, 100_000, 500_000]);
    }

    #[test]
    fn the_lines_of_the_axis_are_in_the_unit_of_the_run() {
        let unit = |times: &[u64]| {
            let row = |&end: &u64| Row {
                label: "query".into(),
                life: (0, end),
                ..Row::default()
            };
            let micros = *times.iter().max().unwrap();
            let rows = times.iter().map(row).collect();
            let title = String::new();
            let sections = &[Section { title, micros, rows, order: vec![] }];
            Picture { sections, scale: micros }.unit()
        };
        assert_eq!(unit(&[400_000, 800_000, 1_200_000]), Some(400_000));
        assert_eq!(unit(&[100_000]), None);
        assert_eq!(unit(&[100_000, 101_000]), None);
    }

    #[test]
    fn an_empty_recording_has_no_picture() {
        assert_eq!(Recording::default().svg(), "");
    }
}
