//! Truncates and sanitizes the output of the learner's program.
//!
//! A program may flood its output, clear the screen, or set the window's title. Of each
//! check's output, [`OutputTruncator`] keeps the first 20 and the last 10 lines, clips long
//! lines, and removes escape sequences. It uses constant memory, whatever the program
//! prints.

use std::collections::VecDeque;

use async_workbook::text::{self, count};

/// The number of lines kept from the beginning of the output.
const HEAD: usize = 20;
/// The number of lines kept from its end.
const TAIL: usize = 10;
/// The maximum length of a line in characters.
const LINE: usize = 400;
/// The maximum length in bytes of an incomplete line, escape sequences included.
const RAW_LINE: usize = 8 * LINE;

/// Keeps the first and the last lines of some output.
#[derive(Debug, Default)]
pub struct OutputTruncator {
    /// The incomplete line at the end of the output so far.
    line: String,
    shown: usize,
    tail: VecDeque<String>,
    skipped: usize,
    last: String,
}

impl OutputTruncator {
    /// Adds output and returns the lines that can be shown now.
    pub fn push(&mut self, mut text: &str) -> Vec<String> {
        // Fast path: once the head is full, count the lines that cannot end up in the
        // tail instead of sanitizing them.
        if self.shown == HEAD
            && let Some((end, _)) = text.rmatch_indices('\n').nth(TAIL)
        {
            self.skipped += text[..=end].matches('\n').count() + self.tail.len();
            self.tail.clear();
            self.line.clear();
            text = &text[end + 1..];
        }
        let mut lines = Vec::new();
        for piece in text.split_inclusive('\n') {
            let content = piece.strip_suffix('\n').unwrap_or(piece);
            let space = RAW_LINE.saturating_sub(self.line.len());
            let ends = content.char_indices().map(|(at, c)| at + c.len_utf8());
            let kept = ends.take_while(|&end| end <= space).last().unwrap_or(0);
            self.line.push_str(&content[..kept]);
            if piece.ends_with('\n') {
                lines.extend(self.end_line());
            }
        }
        lines
    }

    /// Ends the current line; returns it if it belongs to the head.
    fn end_line(&mut self) -> Option<String> {
        let mut line = sanitize(&self.line);
        if let Some((end, _)) = line.char_indices().nth(LINE) {
            line.replace_range(end.., "…");
        }
        self.line.clear();
        if !line.trim().is_empty() {
            self.last.clone_from(&line);
        }
        if self.shown < HEAD {
            self.shown += 1;
            return Some(line);
        }
        if self.tail.len() == TAIL {
            self.tail.pop_front();
            self.skipped += 1;
        }
        self.tail.push_back(line);
        None
    }

    /// Ends the output; returns the lines that were not shown yet.
    pub fn finish(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        if !sanitize(&self.line).is_empty() {
            lines.extend(self.end_line());
        }
        if self.skipped > 0 {
            let skipped = count(self.skipped as u64, "line");
            lines.push(format!("... {skipped} left out ..."));
        }
        lines.extend(self.tail.drain(..));
        self.line.clear();
        (self.shown, self.skipped) = (0, 0);
        lines
    }

    /// Returns the last line that is not blank, even if it is incomplete.
    pub fn last_line(&self) -> Option<String> {
        let line = sanitize(&self.line);
        let line = if line.trim().is_empty() { &self.last } else { &line };
        Some(line.trim().to_owned()).filter(|line| !line.is_empty())
    }
}

/// Removes escape sequences and control characters.
fn sanitize(line: &str) -> String {
    text::sanitize(line, false).replace('\t', "    ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Truncates text that arrives in pieces of 64 KiB.
    fn truncate(text: &str) -> Vec<String> {
        let mut truncator = OutputTruncator::default();
        let mut lines = Vec::new();
        for piece in text.as_bytes().chunks(1 << 16) {
            lines.extend(truncator.push(std::str::from_utf8(piece).unwrap()));
        }
        lines.extend(truncator.finish());
        lines
    }

    #[test]
    fn the_first_and_the_last_lines_are_shown() {
        let numbers = |count: usize| {
            (0..count).map(|number| format!("{number}\n")).collect::<String>()
        };
        assert_eq!(truncate(&numbers(30)), numbers(30).lines().collect::<Vec<_>>());
        for (count, skipped) in [(1000, "970"), (100_000, "99,970")] {
            let lines = truncate(&numbers(count));
            assert_eq!(lines.len(), HEAD + 1 + TAIL);
            assert_eq!(lines[HEAD - 1], "19");
            assert_eq!(lines[HEAD], format!("... {skipped} lines left out ..."));
            assert_eq!(lines[HEAD + 1], (count - TAIL).to_string());
        }
    }

    #[test]
    fn a_long_line_is_clipped() {
        let expected = format!("{}…", "x".repeat(LINE));
        assert_eq!(truncate(&"x".repeat(5_000)), [expected]);
    }

    #[test]
    fn escape_sequences_and_control_characters_are_dropped() {
        assert_eq!(truncate("\x1b[2J\x1b[Hhi\x07\x1b]0;title\x07!\r\n"), ["hi!"]);
        assert_eq!(truncate("\x1b[31mred\nnot"), ["red", "not"]);
        assert_eq!(truncate("\x1b[31"), Vec::<String>::new());
    }

    #[test]
    fn the_last_line_may_be_incomplete() {
        let mut truncator = OutputTruncator::default();
        assert_eq!(truncator.last_line(), None);
        truncator.push("\x1b[1mone\x1b[0m\n\n");
        assert_eq!(truncator.last_line().as_deref(), Some("one"));
        truncator.push("two");
        assert_eq!(truncator.last_line().as_deref(), Some("two"));
    }
}
