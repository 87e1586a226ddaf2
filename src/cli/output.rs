//! Truncates and sanitizes what the learner's program prints.
//!
//! A program may print without end, clear the screen, or set the window's title. Of each
//! check's output, [`OutputTruncator`] lets the first 20 and the last 10 lines through,
//! clips long lines, and keeps no escape sequence but colours. It holds a constant
//! amount of memory, whatever the program prints.

use std::collections::VecDeque;

use async_workbook::text::{count, strip_ansi};

/// Lines shown from the beginning of the output.
const HEAD: usize = 20;
/// Lines shown from its end.
const TAIL: usize = 10;

/// Characters shown of a line.
const LINE: usize = 400;
/// Bytes kept of a line before it is complete, escape sequences included.
const RAW_LINE: usize = 8 * LINE;

/// Keeps the first and the last lines of some output.
#[derive(Debug, Default)]
pub struct OutputTruncator {
    /// The beginning of the line that is not complete yet.
    line: String,
    /// Characters of that line that were dropped.
    dropped: usize,
    shown: usize,
    tail: VecDeque<String>,
    skipped: usize,
    last: String,
}

impl OutputTruncator {
    /// Takes a piece of output and returns the lines to show now.
    pub fn push(&mut self, mut text: &str) -> Vec<String> {
        // Fast path: once the head is full, count the lines that cannot end up in the
        // tail instead of sanitizing them.
        if self.shown == HEAD
            && let Some((end, _)) = text.rmatch_indices('\n').nth(TAIL)
        {
            self.skipped += text[..=end].matches('\n').count() + self.tail.len();
            self.tail.clear();
            self.line.clear();
            self.dropped = 0;
            text = &text[end + 1..];
        }
        let mut lines = Vec::new();
        for piece in text.split_inclusive('\n') {
            let (piece, complete) = match piece.strip_suffix('\n') {
                Some(piece) => (piece, true),
                None => (piece, false),
            };
            let space = RAW_LINE.saturating_sub(self.line.len());
            let ends = piece.char_indices().map(|(at, c)| at + c.len_utf8());
            let kept = ends.take_while(|&end| end <= space).last().unwrap_or(0);
            self.line.push_str(&piece[..kept]);
            self.dropped += piece[kept..].chars().count();
            if complete {
                lines.extend(self.end_line());
            }
        }
        lines
    }

    /// Ends the current line; returns it if it belongs to the head.
    fn end_line(&mut self) -> Option<String> {
        let (mut line, clipped) = sanitize(&self.line);
        let left_out = clipped + self.dropped;
        self.line.clear();
        self.dropped = 0;
        if left_out > 0 {
            let more = count(left_out as u64, "more character");
            line.push_str(&format!("… ({more})"));
        }
        if !strip_ansi(&line).trim().is_empty() {
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

    /// Ends the output; returns the lines that were held back.
    pub fn finish(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        if !sanitize(&self.line).0.is_empty() {
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

    /// Returns the last line that is not blank, complete or not.
    pub fn last_line(&self) -> Option<String> {
        let current = strip_ansi(&sanitize(&self.line).0);
        let line =
            if current.trim().is_empty() { strip_ansi(&self.last) } else { current };
        let line = line.trim();
        (!line.is_empty()).then(|| line.to_owned())
    }
}

/// Removes control characters and every escape sequence but colours, and clips the line.
/// Returns it, and how many characters were clipped.
fn sanitize(line: &str) -> (String, usize) {
    let mut clean = String::new();
    let (mut shown, mut clipped, mut styled) = (0, 0, false);
    let mut rest = line;
    while let Some(character) = rest.chars().next() {
        if character == '\x1b' {
            let (sequence, after) = rest.split_at(escape_length(rest));
            let parameters =
                sequence.strip_prefix("\x1b[").and_then(|s| s.strip_suffix('m'));
            let is_style = |c: char| c.is_ascii_digit() || c == ';' || c == ':';
            if parameters.is_some_and(|p| p.chars().all(is_style)) {
                clean.push_str(sequence);
                styled = true;
            }
            rest = after;
            continue;
        }
        rest = &rest[character.len_utf8()..];
        if shown >= LINE {
            clipped += 1;
        } else if character == '\t' {
            clean.push_str("    ");
            shown += 4;
        } else if !character.is_control() {
            clean.push(character);
            shown += 1;
        }
    }
    if styled {
        clean.push_str("\x1b[0m");
    }
    (clean, clipped)
}

/// Returns the length of the escape sequence at the beginning of `text`, or all of it if
/// the sequence has no end.
fn escape_length(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    let last = match chars.next() {
        // CSI sequences, such as colours.
        Some((_, '[')) => chars.find(|(_, c)| ('@'..='~').contains(c)),
        // OSC sequences, such as titles and links: they end with BEL or `ESC \`.
        Some((_, ']')) => chars.find(|&(at, c)| {
            c == '\x07' || c == '\\' && text[..at].ends_with('\x1b')
        }),
        other => other,
    };
    last.map_or(text.len(), |(at, c)| at + c.len_utf8())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn truncate(text: &str) -> Vec<String> {
        let mut truncator = OutputTruncator::default();
        let mut lines = truncator.push(text);
        lines.extend(truncator.finish());
        lines
    }

    fn numbers(count: usize) -> String {
        (0..count).map(|number| format!("{number}\n")).collect()
    }

    #[test]
    fn the_first_and_the_last_lines_are_shown() {
        let lines = truncate(&numbers(1000));
        assert_eq!(lines.len(), HEAD + 1 + TAIL);
        assert_eq!(lines[HEAD - 1], "19");
        assert_eq!(lines[HEAD], "... 970 lines left out ...");
        assert_eq!(lines[HEAD + 1], "990");
    }

    #[test]
    fn every_skipped_line_is_counted() {
        let mut truncator = OutputTruncator::default();
        let mut lines = Vec::new();
        for piece in numbers(100_000).as_bytes().chunks(1 << 16) {
            lines.extend(truncator.push(std::str::from_utf8(piece).unwrap()));
        }
        lines.extend(truncator.finish());
        assert_eq!(lines[HEAD], "... 99,970 lines left out ...");
        assert_eq!(lines[HEAD + 1], "99990");
    }

    #[test]
    fn short_output_is_shown_whole() {
        let text = numbers(30);
        assert_eq!(truncate(&text), text.lines().collect::<Vec<_>>());
    }

    #[test]
    fn a_long_line_is_clipped() {
        let expected = format!("{}… (4,600 more characters)", "x".repeat(400));
        assert_eq!(truncate(&"x".repeat(5_000)), [expected]);
    }

    #[test]
    fn escape_sequences_are_dropped_and_colour_ends_with_its_line() {
        assert_eq!(truncate("\x1b[2J\x1b[Hhi\x07\x1b]0;title\x07!\r\n"), ["hi!"]);
        assert_eq!(truncate("\x1b[31mred\nnot"), ["\x1b[31mred\x1b[0m", "not"]);
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
