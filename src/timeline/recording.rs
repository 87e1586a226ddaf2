//! The recorded data: sections, rows and polls, as saved to JSON and drawn.
//!
//! ```text
//! Recording
//!   Section "together" 100 ms          a root span
//!     Row "fetch page=1" depth 0       a span below it
//!       life  0..100 ms                from its creation to its end
//!       polls 0..0, 100..100 ms        when its future ran
//! ```

use std::fmt::Write;
use std::io;

use serde::{Deserialize, Serialize};

/// The sections of one run, in the order in which they began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recording {
    /// The sections.
    pub sections: Vec<Section>,
}

/// A root span and the spans inside it. Times are microseconds since it began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// The root span's name and fields.
    pub title: String,
    /// The section's duration in microseconds.
    pub micros: u64,
    /// The spans inside it, parents before children, in the order in which they
    /// began.
    pub rows: Vec<Row>,
    /// The order of all polls: the index of the row for each, so that the second 3 is
    /// the second poll of `rows[3]`. One more after a row's last poll is its drop. Empty
    /// if the order is not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub order: Vec<usize>,
}

/// One span. Times are microseconds since its section began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The span's name and fields, such as `fetch page=1`.
    pub label: String,
    /// The nesting depth: 0 for a child of the section, 1 for a child of such a row.
    pub depth: usize,
    /// The begin and the end of the span.
    pub life: (u64, u64),
    /// The begin and the end of each poll. Between two polls the future waited.
    pub polls: Vec<(u64, u64)>,
    /// The indices of the polls that were for nothing: nothing had woken the future since
    /// the poll before. Its parent was polled for another reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub for_nothing: Vec<usize>,
    /// The end of the future; `None` if it is not known how it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The number of the task that owns the future, if that is not the section's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<u32>,
    /// The line in the lesson's program that creates the span.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// It is a wait in a queue, such as that for a connection of a pool.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub queue: bool,
}

/// The end of a future.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It returned a value, other than an error.
    Returned,
    /// It returned an error.
    Failed,
    /// It was dropped before it returned.
    Dropped,
    /// The server refused its request with status 503.
    Refused,
    /// It is a Python task that was cancelled.
    Cancelled,
    /// It had not ended at the end of the recording.
    Unfinished,
}

impl Outcome {
    /// Returns the mark and the word at the end of a bar.
    pub(super) fn mark(self) -> (char, &'static str) {
        match self {
            Outcome::Returned => ('✓', "done"),
            Outcome::Failed => ('!', "failed"),
            Outcome::Dropped => ('×', "dropped"),
            Outcome::Refused => ('Ø', "refused"),
            Outcome::Cancelled => ('×', "cancelled"),
            Outcome::Unfinished => ('→', "unfinished"),
        }
    }
}

/// The most rows of a section that are drawn. The rest is only counted.
const MAX_ROWS: usize = 12;

impl Recording {
    /// Saves the recording as JSON to the file in `WORKBOOK_TIMELINE`.
    ///
    /// Prints a warning on failure: a lesson must not fail because its timeline
    /// could not be saved.
    pub(crate) fn save_if_requested(&self) {
        let Some(path) = std::env::var_os("WORKBOOK_TIMELINE") else { return };
        // Strings and numbers always serialize; only the write can fail.
        let json = serde_json::to_string_pretty(self).unwrap_or_default();
        // `open` would block on a FIFO.
        let saved = match std::fs::metadata(&path) {
            Ok(data) if !data.is_file() => {
                Err(io::Error::other("it is not a regular file; move it away"))
            }
            _ => std::fs::write(&path, json + "\n"),
        };
        if let Err(error) = saved {
            eprintln!("could not save the timeline to {}: {error}", path.display());
        }
    }

    /// Returns the duration of the longest section, at least 1: the scale of the
    /// picture.
    pub(super) fn scale(&self) -> u64 {
        self.sections.iter().map(|section| section.micros).max().unwrap_or(0).max(1)
    }

    /// Describes the recording in words, as the text alternative of its picture.
    pub fn describe(&self) -> String {
        let mut text = String::new();
        for section in &self.sections {
            // Writing to a `String` cannot fail, here and below.
            let _ = write!(text, "{}, {}: ", section.title, millis(section.micros));
            for (i, row) in section.shown().iter().enumerate() {
                let (from, to) = row.life;
                let comma = if i == 0 { "" } else { ", " };
                let task = row.task.map_or(String::new(), |n| format!("task {n}: "));
                let _ = write!(
                    text,
                    "{comma}{task}{} from {} to {}",
                    row.label,
                    from / 1000,
                    millis(to)
                );
                let mut notes = Vec::new();
                if let Some((from, to)) = row.queued() {
                    notes.push(format!("queued for {}", millis(to - from)));
                }
                let ran: u64 = row.polls.iter().map(|poll| poll.1 - poll.0).sum();
                if ran > 0 && to > from {
                    notes.push(format!("running for {}", millis(ran)));
                }
                match row.for_nothing.len() {
                    0 => {}
                    1 => notes.push("polled once for nothing".to_owned()),
                    n => notes.push(format!("polled {n} times for nothing")),
                }
                notes.extend(row.outcome.map(|outcome| outcome.mark().1.to_owned()));
                if !notes.is_empty() {
                    let _ = write!(text, " ({})", notes.join(", "));
                }
            }
            if let Some(more) = section.hidden() {
                let _ = write!(text, ", {more}");
            }
            text.push_str(". ");
        }
        text.truncate(text.trim_end().len());
        text
    }
}

impl Row {
    /// Returns the time in a queue: all of it if the row is a wait in one, otherwise that
    /// before its first poll. A call waits for a thread of the blocking pool, or a task
    /// for its turn.
    pub(super) fn queued(&self) -> Option<(u64, u64)> {
        let end = if self.queue { self.life.1 } else { self.polls.first()?.0 };
        (self.life.0 < end).then_some((self.life.0, end))
    }
}

impl Section {
    pub(super) fn took_time(&self) -> bool {
        self.micros > 0 || self.rows.iter().any(|row| row.life.1 > 0)
    }

    /// Returns the rows that a picture shows.
    pub(super) fn shown(&self) -> &[Row] {
        let all = self.rows.len() <= MAX_ROWS;
        &self.rows[..if all { self.rows.len() } else { MAX_ROWS - 1 }]
    }

    /// Returns the line that stands for the rows that are not drawn: `and 89 more`.
    pub(super) fn hidden(&self) -> Option<String> {
        let hidden = self.rows.len() - self.shown().len();
        (hidden > 0).then(|| format!("and {hidden} more"))
    }
}

/// Formats microseconds as whole milliseconds, rounded down like the `as_millis()` that
/// lessons print.
pub(super) fn millis(micros: u64) -> String {
    format!("{} ms", micros / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1000;

    fn row(label: &str, life: (u64, u64), polls: &[(u64, u64)]) -> Row {
        let (label, polls) = (label.to_owned(), polls.to_vec());
        Row { label, life, polls, ..Row::default() }
    }

    #[test]
    fn the_description_has_the_facts_of_the_picture() {
        let mut rows = vec![
            row("wait", (0, 200 * MS), &[(0, 0); 4]),
            row("block", (0, 200 * MS), &[(150 * MS, 200 * MS)]),
        ];
        rows[0].outcome = Some(Outcome::Refused);
        rows[0].for_nothing = vec![1, 2];
        rows[1].task = Some(2);
        rows[1].outcome = Some(Outcome::Returned);
        let polls = [(150 * MS, 150 * MS), (200 * MS, 200 * MS)];
        rows.push(row("get", (150 * MS, 200 * MS), &polls));
        rows[2].queue = true;
        let section = Section {
            title: "both".to_owned(),
            micros: 200 * MS,
            rows,
            order: vec![],
        };
        assert_eq!(
            Recording { sections: vec![section] }.describe(),
            "both, 200 ms: wait from 0 to 200 ms (polled 2 times for nothing, refused), \
             task 2: block from 0 to 200 ms (queued for 150 ms, running for 50 ms, done), \
             get from 150 to 200 ms (queued for 50 ms)."
        );
    }

    #[test]
    fn milliseconds_are_rounded_as_lessons_print_them() {
        let micros = 540_700;
        let printed = std::time::Duration::from_micros(micros).as_millis();
        assert_eq!(millis(micros), format!("{printed} ms"));
    }

    #[test]
    fn excess_rows_are_counted() {
        let rows = vec![row("one", (0, MS), &[]); 100];
        let section =
            Section { title: "crowd".to_owned(), micros: MS, rows, order: vec![] };
        assert_eq!(section.shown().len(), 11);
        assert_eq!(section.hidden().as_deref(), Some("and 89 more"));
    }
}
