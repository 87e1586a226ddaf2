//! What a check says while it runs, for a program that shows it: `cargo workbook`.
//!
//! With `WORKBOOK_EVENTS=1` in the environment, a check writes each event to standard
//! output as one line of JSON after the character U+001E, a record separator. What
//! stands between [`Event::Began`] and the event that ends that check is output of the
//! learner's own code; the rest is the test harness's.

use serde::{Deserialize, Serialize};

/// The character before each event.
pub const SEPARATOR: char = '\u{1e}';

/// Something that a program which shows checks wants to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event {
    /// A check begins.
    Began {
        /// What it is about, as a sentence about good code: `all six requests are in
        /// flight together`.
        check: String,
    },
    /// It holds.
    Passed {
        /// What it is about.
        check: String,
    },
    /// It does not hold.
    Failed {
        /// What it is about.
        check: String,
        /// What was seen, what was expected, and what that usually means: one or more
        /// lines, the last of which may be a picture of the run.
        diagnosis: String,
    },
    /// It was not tried, because an earlier one failed in a way that leaves nothing to
    /// try.
    Skipped {
        /// What it is about.
        check: String,
    },
    /// All checks of the exercise are over.
    Verdict {
        /// How many hold.
        passed: usize,
        /// How many there are.
        checks: usize,
    },
}

/// Takes events and other output apart, as they arrive.
///
/// ```
/// use async_workbook::check::event::{Event, Part, Reader};
///
/// let mut reader = Reader::default();
/// let parts = reader.read("hello\n\u{1e}{\"event\":\"verdict\",\"passed\":2,\"checks\":3}\n");
/// let verdict = Event::Verdict { passed: 2, checks: 3 };
/// assert_eq!(parts, [Part::Output("hello\n".into()), Part::Event(verdict)]);
/// ```
#[derive(Debug, Default)]
pub struct Reader {
    /// The beginning of an event whose line is not there yet.
    unfinished: Option<String>,
}

/// What a [`Reader`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Something that the check said.
    Event(Event),
    /// Any other output, in pieces as it arrives.
    Output(String),
}

impl Reader {
    /// Takes in the next piece of output; returns what is complete.
    ///
    /// A record separator that does not begin an event is output like any other.
    pub fn read(&mut self, text: &str) -> Vec<Part> {
        let mut text = match self.unfinished.take() {
            Some(unfinished) => unfinished + text,
            None => text.to_owned(),
        };
        let mut parts = Vec::new();
        while let Some(begin) = text.find(SEPARATOR) {
            let rest = text.split_off(begin);
            output(&mut parts, text);
            // In an event's JSON, both of these characters are escaped.
            let end = rest[1..].find(['\n', SEPARATOR]).map(|end| end + 1);
            let Some(end) = end else {
                // An event is short; what goes on and on is not one.
                if rest.len() < 1_000_000 {
                    self.unfinished = Some(rest);
                } else {
                    output(&mut parts, rest);
                }
                return parts;
            };
            let is_line = rest[end..].starts_with('\n');
            let (line, after) = rest.split_at(end + usize::from(is_line));
            match serde_json::from_str(&line[1..]) {
                Ok(event) => parts.push(Part::Event(event)),
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
    /// The line that stands for this event, with its separator and its end.
    pub fn line(&self) -> String {
        // Strings and numbers always have a JSON form.
        let json = serde_json::to_string(self).unwrap_or_default();
        format!("{SEPARATOR}{json}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed() -> Event {
        Event::Passed { check: "it\nholds \u{1e}".to_owned() }
    }

    #[test]
    fn an_event_is_one_line_whatever_is_in_it() {
        let line = passed().line();
        assert_eq!(line.matches('\n').count(), 1);
        assert_eq!(line.matches(SEPARATOR).count(), 1, "{line:?}");
        assert_eq!(Reader::default().read(&line), [Part::Event(passed())]);
    }

    #[test]
    fn an_event_may_arrive_in_pieces_after_a_line_without_its_end() {
        let mut reader = Reader::default();
        let text = format!("no end{}after", passed().line());
        let mut output = String::new();
        let mut events = Vec::new();
        for piece in text.chars() {
            for part in reader.read(&piece.to_string()) {
                match part {
                    Part::Event(event) => events.push(event),
                    Part::Output(piece) => output.push_str(&piece),
                }
            }
        }
        assert_eq!((output.as_str(), events), ("no endafter", vec![passed()]));
    }

    #[test]
    fn a_separator_of_the_learner_is_output() {
        let text = "a\u{1e}b\n\u{1e}{\"event\":\"nonsense\"}\n";
        let parts = Reader::default().read(text);
        let said: String = parts
            .iter()
            .map(|part| match part {
                Part::Output(text) => text.as_str(),
                Part::Event(_) => "EVENT",
            })
            .collect();
        assert_eq!(said, text);
        // Also right before an event.
        let parts = Reader::default().read(&format!("\u{1e}a{}", passed().line()));
        let stray = Part::Output("\u{1e}a".to_owned());
        assert_eq!(parts, [stray, Part::Event(passed())]);
    }
}
