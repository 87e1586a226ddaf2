//! Draws a recording with characters, for the terminal.

use std::fmt::Write;

use super::recording::millis;
use super::{Outcome, Recording, Row, Section};
use crate::text;

const QUEUED: char = '·';
const WAITING: char = '░';
const RUNNING: char = '█';

/// The maximum width of the picture, however wide the terminal.
const MAX_COLUMNS: usize = 100;
/// The minimum width of the bars: shorter ones show nothing.
const MIN_BAR: usize = 10;

impl Recording {
    /// Draws the sections one below the other on the same scale, at most `columns`
    /// wide (but at least some 30 columns). Returns an empty string if there are no
    /// sections.
    pub fn draw(&self, columns: usize, color: bool) -> String {
        let mut picture = String::new();
        if self.sections.is_empty() {
            return picture;
        }
        // Some terminals wrap a line that fills the last column.
        let columns = columns.saturating_sub(1).min(MAX_COLUMNS);
        let longest =
            self.sections.iter().flat_map(Section::shown).map(label_width).max();
        let label =
            longest.unwrap_or(0).min(columns.saturating_sub(MIN_BAR + 1)).max(8);
        let bar = columns.saturating_sub(label + 1).max(MIN_BAR);
        let rows: Vec<_> = self.sections.iter().flat_map(Section::shown).collect();
        let outcomes = rows.iter().filter_map(|row| row.outcome).collect();
        let queued = rows.iter().any(|row| row.queued().is_some());
        let scale = self.scale();
        let canvas = Canvas { label, bar, scale, queued, outcomes, color };
        for section in &self.sections {
            canvas.section(section, &mut picture);
        }
        canvas.axis(&mut picture);
        picture
    }
}

/// Returns the width of a row's label in columns, including its indentation.
fn label_width(row: &Row) -> usize {
    2 + 2 * row.depth + text::width(&row.label)
}

/// The layout of a picture.
struct Canvas {
    /// The columns of the labels and of the bars.
    label: usize,
    bar: usize,
    /// The microseconds that fill a bar.
    scale: u64,
    /// For the legend: if any row was queued, and the outcomes of all.
    queued: bool,
    outcomes: Vec<Outcome>,
    color: bool,
}

impl Canvas {
    // Writing to a `String` cannot fail, so the results of `write!` are ignored.

    fn section(&self, section: &Section, picture: &mut String) {
        let total = millis(section.micros);
        let width = (self.label + 1 + self.bar).saturating_sub(total.len() + 1);
        let title = text::fit(&section.title, width);
        let _ = writeln!(picture, "{title} {total}");
        for row in section.shown() {
            let indent = 2 + 2 * row.depth;
            let label = text::fit(&row.label, self.label.saturating_sub(indent));
            let label = format!("{:indent$}{label}", "");
            let _ = writeln!(
                picture,
                "{} {}",
                text::fit(&label, self.label),
                self.bar(row)
            );
        }
        if let Some(more) = section.hidden() {
            let _ = writeln!(picture, "  ... {more}");
        }
    }

    /// Draws the time axis and the legend.
    fn axis(&self, picture: &mut String) {
        let end = millis(self.scale);
        let gap = self.bar.saturating_sub(4).max(end.len() + 1);
        let _ =
            writeln!(picture, "{:label$} 0 ms{end:>gap$}", "", label = self.label);
        let mut legend = vec![(WAITING, "waits"), (RUNNING, "runs")];
        if self.queued {
            legend.insert(0, (QUEUED, "queued"));
        }
        use Outcome::{Dropped, Failed, Refused, Unfinished};
        for outcome in [Failed, Dropped, Refused, Unfinished] {
            legend.extend(self.outcomes.contains(&outcome).then(|| outcome.mark()));
        }
        let mut width = 0;
        for (mark, word) in legend {
            width += 4 + word.len();
            if width > self.label + 1 + self.bar {
                picture.push('\n');
                width = 4 + word.len();
            }
            let _ = write!(picture, "  {mark} {word}");
        }
        picture.push('\n');
    }

    fn bar(&self, row: &Row) -> String {
        let mut cells = vec![' '; self.bar];
        let (first, last) = self.cells(row.life);
        cells[first..=last].fill(WAITING);
        if let Some(queued) = row.queued() {
            let (from, to) = self.cells(queued);
            cells[from..=to].fill(QUEUED);
        }
        for &poll in &row.polls {
            // A poll at the very end of the row belongs to its last cell, not to the
            // one after it.
            let (from, to) = self.cells(poll);
            cells[from.min(last)..=to.min(last)].fill(RUNNING);
        }
        // The last poll of a bar without a mark returned.
        let marked = row.outcome.filter(|&outcome| outcome != Outcome::Returned);
        if let Some(outcome) = marked {
            cells[last] = outcome.mark().0;
        }
        let bar: String = cells.into_iter().collect();
        let bar = bar.trim_end();
        if self.color { format!("\x1b[36m{bar}\x1b[39m") } else { bar.to_owned() }
    }

    /// Returns the first and the last cell of a period. Even the shortest has one.
    fn cells(&self, (from, to): (u64, u64)) -> (usize, usize) {
        let bar = self.bar as u128;
        let scale = u128::from(self.scale);
        let first = (u128::from(from) * bar / scale).min(bar - 1);
        let last = (u128::from(to) * bar).div_ceil(scale).saturating_sub(1);
        (first as usize, last.clamp(first, bar - 1) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recording() -> Recording {
        let row = |label: &str, from, to, polls: &[(u64, u64)]| Row {
            label: label.to_owned(),
            life: (from, to),
            polls: polls.to_vec(),
            outcome: (to == 200_000).then_some(Outcome::Dropped),
            ..Row::default()
        };
        let section = |title: &str, micros, rows| Section {
            title: title.to_owned(),
            micros,
            rows,
            order: Vec::new(),
        };
        let ticks = |from: u64, to: u64| [(from, from), (to, to)];
        Recording {
            sections: vec![
                section(
                    "one after the other",
                    200_000,
                    vec![
                        row("fetch page=1", 0, 100_000, &ticks(0, 100_000)),
                        row(
                            "fetch page=2",
                            100_000,
                            200_000,
                            &ticks(100_000, 200_000),
                        ),
                    ],
                ),
                section(
                    "blocked",
                    100_000,
                    vec![
                        row("hash", 0, 100_000, &[(0, 100_000)]),
                        row("hash", 0, 200_000, &[(100_000, 200_000)]),
                    ],
                ),
            ],
        }
    }

    #[test]
    fn a_picture() {
        insta::assert_snapshot!(recording().draw(58, false));
    }

    #[test]
    fn a_picture_of_forty_columns() {
        insta::assert_snapshot!(recording().draw(40, false));
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for columns in [30, 40, 58, 80, 100, 250] {
            let picture = recording().draw(columns, false);
            let widest =
                picture.lines().map(|line| line.chars().count()).max().unwrap();
            assert!(widest < columns, "{widest} of {columns}:\n{picture}");
        }
    }

    #[test]
    fn every_width_gets_a_picture() {
        for columns in 0..30 {
            assert!(recording().draw(columns, false).contains("0 ms"));
        }
    }

    #[test]
    fn colors_are_used_on_request_only() {
        assert!(!recording().draw(80, false).contains('\x1b'));
        assert!(recording().draw(80, true).contains('\x1b'));
    }

    #[test]
    fn an_empty_recording_has_no_picture() {
        assert_eq!(Recording::default().draw(80, false), "");
    }
}
