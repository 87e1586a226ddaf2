//! The protocol between a running check and `cargo workbook`.
//!
//! With `WORKBOOK_EVENTS=1` in the environment, a check writes events to stdout.
//! Each is a line of JSON after the character U+001E (record separator), much like a
//! JSON text sequence (RFC 7464). Events share stdout with the output of the
//! learner's code and of the test harness:
//!
//! ```text
//! running 1 test                                 the test harness
//! \x1e{"token":"5eed","event":"began","check":"in order"}
//! fetching Lisbon                                the learner's `println!`
//! \x1e{"token":"5eed","event":"passed","check":"in order"}
//! \x1e{"token":"5eed","event":"verdict","passed":1,"checks":1}
//! ```
//!
//! The learner's code can print such a line, too, by mistake or on purpose. Every event
//! therefore carries a token: random text that the parent writes to the program's stdin
//! as its first line, and that [`Exercise::new`](super::Exercise::new) has read before
//! any of the learner's code runs. A line without it is a [`Part::Forged`]. This does
//! not stop a debugger, but it stops everything that can be printed.
//!
//! The separator may follow output without a line break, as after a `print!`. Output
//! between [`Event::Began`] and the event that ends that check is the learner's. A
//! separate pipe for events would lose this order, and is not portable to Windows.

use serde::{Deserialize, Serialize};

/// The character that starts an event.
pub const SEPARATOR: char = '\u{1e}';

/// A step of an exercise's checks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event {
    /// An exercise was created.
    Opened {
        /// The source file that created it.
        file: String,
    },
    /// A check starts.
    Began {
        /// The check, as a statement about good code: `all six requests are in
        /// flight together`.
        check: String,
    },
    /// The check passed.
    Passed {
        /// The check.
        check: String,
    },
    /// The check failed.
    Failed {
        /// The check.
        check: String,
        /// A message of one or more lines, then a picture of the run if there is one.
        diagnosis: String,
    },
    /// The check was skipped because the exercise is not implemented yet.
    Skipped {
        /// The check.
        check: String,
    },
    /// The check makes no progress; it may have to be killed.
    Stuck {
        /// The watchdog's report.
        diagnosis: String,
        /// The check can no longer pass, even if it makes progress.
        certain: bool,
    },
    /// All checks of the exercise are done.
    Verdict {
        /// The number of checks that passed.
        passed: usize,
        /// The number of all checks.
        checks: usize,
    },
}

/// An event as it is written.
#[derive(Serialize, Deserialize)]
struct Signed<E> {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    token: String,
    #[serde(flatten)]
    event: E,
}

/// Separates events from other output, incrementally.
///
/// ```
/// use async_workbook::check::event::{Event, EventParser, Part};
///
/// let mut parser = EventParser::default();
/// let parts = parser.parse("hello\n\u{1e}{\"event\":\"verdict\",\"passed\":2,\"checks\":3}\n");
/// let verdict = Event::Verdict { passed: 2, checks: 3 };
/// assert_eq!(parts, [Part::Output("hello\n".into()), Part::Event(verdict)]);
/// ```
#[derive(Debug, Default)]
pub struct EventParser {
    /// The token of genuine events; by default empty, as without a parent.
    token: String,
    /// The start of an event whose line is incomplete.
    incomplete: Option<String>,
}

/// The longest line that can be an event: the learner's code may print a separator
/// and then never end the line.
const MAX_EVENT: usize = 1_000_000;

/// A part of the output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// An event.
    Event(Event),
    /// Other output, in chunks as it arrives.
    Output(String),
    /// A line that would be an event if it had the token: output, too.
    Forged(String),
}

impl EventParser {
    /// Creates a parser of events that have this token.
    pub fn new(token: String) -> Self {
        Self { token, incomplete: None }
    }

    /// Parses the next chunk of output and returns the complete parts.
    ///
    /// A record separator that does not start an event is ordinary output.
    pub fn parse(&mut self, text: &str) -> Vec<Part> {
        let mut text = match self.incomplete.take() {
            Some(incomplete) => incomplete + text,
            None => text.to_owned(),
        };
        let mut parts = Vec::new();
        while let Some(start) = text.find(SEPARATOR) {
            let rest = text.split_off(start);
            output(&mut parts, text);
            // JSON escapes both of these characters.
            let end = rest[1..].find(['\n', SEPARATOR]).map(|end| end + 1);
            let Some(end) = end else {
                if rest.len() < MAX_EVENT {
                    self.incomplete = Some(rest);
                } else {
                    output(&mut parts, rest);
                }
                return parts;
            };
            let is_line = rest[end..].starts_with('\n');
            let (line, after) = rest.split_at(end + usize::from(is_line));
            match serde_json::from_str::<Signed<Event>>(&line[1..]) {
                Ok(Signed { token, event }) if token == self.token => {
                    parts.push(Part::Event(event));
                }
                Ok(_) => parts.push(Part::Forged(line.to_owned())),
                Err(_) => output(&mut parts, line.to_owned()),
            }
            text = after.to_owned();
        }
        output(&mut parts, text);
        parts
    }
}

fn output(parts: &mut Vec<Part>, text: String) {
    if !text.is_empty() {
        parts.push(Part::Output(text));
    }
}

impl Event {
    /// Serializes the event with a token, including the separator and the line break.
    pub fn line(&self, token: &str) -> String {
        let signed = Signed { token: token.to_owned(), event: self };
        // Strings and numbers always serialize.
        let json = serde_json::to_string(&signed).unwrap_or_default();
        format!("{SEPARATOR}{json}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed() -> Event {
        Event::Passed { check: "in\norder \u{1e}".to_owned() }
    }

    #[test]
    fn an_event_is_always_one_line() {
        let line = passed().line("");
        assert_eq!(line.matches('\n').count(), 1);
        assert_eq!(line.matches(SEPARATOR).count(), 1, "{line:?}");
        assert_eq!(EventParser::default().parse(&line), [Part::Event(passed())]);
    }

    #[test]
    fn an_event_may_be_split_and_follow_an_unterminated_line() {
        let mut parser = EventParser::default();
        let text = format!("no end{}after", passed().line(""));
        let mut output = String::new();
        let mut events = Vec::new();
        for piece in text.chars() {
            for part in parser.parse(&piece.to_string()) {
                match part {
                    Part::Event(event) => events.push(event),
                    Part::Output(piece) | Part::Forged(piece) => {
                        output.push_str(&piece);
                    }
                }
            }
        }
        assert_eq!((output.as_str(), events), ("no endafter", vec![passed()]));
    }

    #[test]
    fn an_event_without_the_token_is_forged() {
        let parse = |line: &str| EventParser::new("5eed".to_owned()).parse(line);
        let event = passed();
        assert_eq!(parse(&event.line("5eed")), [Part::Event(event.clone())]);
        for token in ["", "5ee", "5EED"] {
            let line = event.line(token);
            assert_eq!(parse(&line), [Part::Forged(line)]);
        }
        let line = event.line("5eed");
        let without_a_parent = EventParser::default().parse(&line);
        assert_eq!(without_a_parent, [Part::Forged(line)]);
    }

    #[test]
    fn a_stray_separator_is_output() {
        let text = "a\u{1e}b\n\u{1e}{\"event\":\"nonsense\"}\n";
        let parts = EventParser::default().parse(text);
        let output: String = parts
            .iter()
            .map(|part| match part {
                Part::Output(text) => text.as_str(),
                Part::Event(_) | Part::Forged(_) => "EVENT",
            })
            .collect();
        assert_eq!(output, text);
        // And directly before an event.
        let parts =
            EventParser::default().parse(&format!("\u{1e}a{}", passed().line("")));
        let stray = Part::Output("\u{1e}a".to_owned());
        assert_eq!(parts, [stray, Part::Event(passed())]);
    }
}
