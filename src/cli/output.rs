//! What the learner's own program prints: made harmless, cut to a screen, and its
//! last line remembered.

use std::collections::VecDeque;

/// How many lines are shown from the beginning, and as many again from the end at
/// most.
const HEAD: usize = 20;
const TAIL: usize = 10;

/// How many characters of a line are shown.
const LINE: usize = 400;

/// Cuts output: what it is given may have no end, what it keeps is short.
#[derive(Debug, Default)]
pub struct Cut {
    /// The line that has not ended, and how many characters of it were left out.
    line: String,
    left_out: u64,
    state: State,
    shown: usize,
    tail: VecDeque<String>,
    skipped: u64,
    last: String,
}

/// Where in a control sequence the output is.
#[derive(Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    Escape,
    /// After `ESC [`, with what came since.
    Sequence(String),
    /// Within a title or a link, which ends with BEL or `ESC \`.
    Command,
}

impl Cut {
    /// Takes in output; hands over each line that is to be shown now.
    pub fn push(&mut self, mut text: &str, mut show: impl FnMut(&str)) {
        // Of a flood, most lines will not be shown: how many they are is enough.
        if self.shown == HEAD
            && let Some((end, _)) = text.rmatch_indices('\n').nth(TAIL)
        {
            let lines = text[..=end].matches('\n').count() + self.tail.len();
            self.skipped += lines as u64;
            self.tail.clear();
            self.line.clear();
            self.left_out = 0;
            self.state = State::Text;
            text = &text[end + 1..];
        }
        for line in text.split_inclusive('\n') {
            let mut rest = line.chars();
            while let Some(character) = rest.next() {
                self.character(character, &mut show);
                // So it is with the characters of a long line.
                let full = self.line.len() >= LINE && self.state == State::Text;
                if full && !rest.as_str().contains('\x1b') {
                    let end = rest.as_str().strip_suffix('\n');
                    self.left_out +=
                        end.unwrap_or(rest.as_str()).chars().count() as u64;
                    if end.is_some() {
                        self.character('\n', &mut show);
                    }
                    break;
                }
            }
        }
    }

    fn character(&mut self, character: char, show: &mut impl FnMut(&str)) {
        match (&mut self.state, character) {
            (_, '\n') => {
                self.state = State::Text;
                self.end_line(show);
            }
            (State::Text, '\x1b') => self.state = State::Escape,
            // Carriage returns are line ends of other systems, or draw over what was.
            (State::Text, '\t') => self.keep("    "),
            (State::Text, character) if character.is_control() => {
                self.left_out += u64::from(self.line.len() >= LINE);
            }
            (State::Text, character) => {
                self.keep(character.encode_utf8(&mut [0; 4]));
            }
            (State::Escape, '[') => self.state = State::Sequence(String::new()),
            (State::Escape, ']') => self.state = State::Command,
            (State::Escape, _) => self.state = State::Text,
            (State::Sequence(sequence), '0'..='?' | ' '..='/') => {
                if sequence.len() < 32 {
                    sequence.push(character);
                }
            }
            (State::Sequence(sequence), 'm') => {
                // A colour harms nobody. It is dropped where there is none.
                let look = format!("\x1b[{sequence}m");
                self.state = State::Text;
                if self.line.len() < 4 * LINE {
                    self.line.push_str(&look);
                }
            }
            (State::Sequence(_), _) => self.state = State::Text,
            (State::Command, '\x07') => self.state = State::Text,
            (State::Command, '\x1b') => self.state = State::Escape,
            (State::Command, _) => {}
        }
    }

    fn keep(&mut self, text: &str) {
        if self.line.len() < LINE {
            self.line.push_str(text);
        } else {
            self.left_out += 1;
        }
    }

    fn end_line(&mut self, show: &mut impl FnMut(&str)) {
        let mut line = std::mem::take(&mut self.line);
        if line.contains('\x1b') {
            line.push_str("\x1b[0m");
        }
        let left_out = std::mem::take(&mut self.left_out);
        if left_out > 0 {
            let more = super::screen::count(left_out, "more character");
            line.push_str(&format!("… ({more})"));
        }
        if !line.trim().is_empty() {
            self.last.clone_from(&line);
        }
        if self.shown < HEAD {
            self.shown += 1;
            show(&line);
            return;
        }
        if self.tail.len() == TAIL {
            self.tail.pop_front();
            self.skipped += 1;
        }
        self.tail.push_back(line);
    }

    /// The output is over, for now: hands over what was kept back.
    pub fn finish(&mut self, mut show: impl FnMut(&str)) {
        if !self.line.is_empty() {
            self.end_line(&mut show);
        }
        if self.skipped > 0 {
            let lines = super::screen::count(self.skipped, "line");
            show(&format!("... {lines} left out ..."));
        }
        for line in self.tail.drain(..) {
            show(&line);
        }
        self.shown = 0;
        self.skipped = 0;
    }

    /// The last line with something on it, complete or not.
    pub fn last_line(&self) -> Option<String> {
        let line = if plain(&self.line).trim().is_empty() {
            &self.last
        } else {
            &self.line
        };
        let line = plain(line).trim().to_owned();
        (!line.is_empty()).then_some(line)
    }
}

/// The text without what sets its look.
pub fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character == '\x1b' {
            characters.find(|c| c.is_ascii_alphabetic());
        } else {
            plain.push(character);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<String> {
        let mut lines = Vec::new();
        let mut cut = Cut::default();
        cut.push(text, |line| lines.push(line.to_owned()));
        cut.finish(|line| lines.push(line.to_owned()));
        lines
    }

    #[test]
    fn the_first_and_the_last_lines_are_shown() {
        let text: String = (0..1000).map(|number| format!("{number}\n")).collect();
        let lines = cut(&text);
        assert_eq!(lines.len(), HEAD + 1 + TAIL);
        assert_eq!(lines[HEAD - 1], "19");
        assert_eq!(lines[HEAD], "... 970 lines left out ...");
        assert_eq!(lines[HEAD + 1], "990");
    }

    #[test]
    fn a_flood_is_counted_to_the_line() {
        let text: String =
            (0..100_000).map(|number| format!("{number}\n")).collect();
        let mut lines = Vec::new();
        let mut cut = Cut::default();
        for piece in text.as_bytes().chunks(1 << 16) {
            let piece = std::str::from_utf8(piece).unwrap();
            cut.push(piece, |line| lines.push(line.to_owned()));
        }
        cut.finish(|line| lines.push(line.to_owned()));
        assert_eq!(lines[HEAD], "... 99,970 lines left out ...");
        assert_eq!(lines[HEAD + 1], "99990");
    }

    #[test]
    fn nothing_is_left_out_of_little() {
        let text: String = (0..30).map(|number| format!("{number}\n")).collect();
        assert_eq!(cut(&text), text.lines().collect::<Vec<_>>());
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let lines = cut(&"x".repeat(5_000));
        assert_eq!(lines, [format!("{}… (4,600 more characters)", "x".repeat(400))]);
    }

    #[test]
    fn what_would_move_the_cursor_is_dropped_and_colour_ends_with_its_line() {
        assert_eq!(cut("\x1b[2J\x1b[Hhi\x07\x1b]0;title\x07!\r\n"), ["hi!"]);
        assert_eq!(cut("\x1b[31mred\nnot"), ["\x1b[31mred\x1b[0m", "not"]);
        assert_eq!(cut("\x1b[31"), Vec::<String>::new());
    }

    #[test]
    fn the_last_line_is_known() {
        let mut cut = Cut::default();
        assert_eq!(cut.last_line(), None);
        cut.push("\x1b[1mone\x1b[0m\n\n", |_| {});
        assert_eq!(cut.last_line().as_deref(), Some("one"));
        cut.push("two", |_| {});
        assert_eq!(cut.last_line().as_deref(), Some("two"));
    }
}
